import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { clientOf, ids, testLab, type TestLab } from "./graph-world.ts";

async function tokenError(lab: TestLab, tenantId: string, form: Readonly<Record<string, string>>) {
  const answer = await lab.token(tenantId, form);
  const body = (await answer.json()) as { error: string; error_description: string };
  return { status: answer.status, error: body.error, description: body.error_description };
}

test("an app gets a token for Graph that says who it is, in which tenant and with which roles", async () => {
  const lab = await testLab({ app: { roles: ["User.Read.All"] } });
  const answer = await lab.token(ids.contoso, { client_id: ids.app, client_secret: "app secret" });
  const { access_token, expires_in } = (await answer.json()) as { access_token: string; expires_in: number };
  const claims = decodeJwt(access_token);
  expect(expires_in).toBe(3599);
  expect(claims).toMatchObject({
    aud: "https://graph.microsoft.com",
    tid: ids.contoso,
    appid: ids.app,
    roles: ["User.Read.All"],
  });
});

test("tokens verify against the published keys and issuer", async () => {
  const lab = await testLab();
  const discovery = await lab.lab.fetch(
    new Request(`${lab.lab.url}/${ids.source}/v2.0/.well-known/openid-configuration`),
  );
  const { issuer, jwks_uri } = (await discovery.json()) as { issuer: string; jwks_uri: string };
  const keys = await lab.lab.fetch(new Request(jwks_uri));
  const answer = await lab.token(ids.source, {
    client_id: ids.operator,
    client_secret: "operator secret",
    scope: "api://muster/.default",
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  const { payload } = await jwtVerify(
    access_token,
    createLocalJWKSet((await keys.json()) as Parameters<typeof createLocalJWKSet>[0]),
    { issuer, audience: "api://muster", currentDate: new Date(lab.clock.now()) },
  );
  expect(payload["roles"]).toEqual(["Muster.Operate"]);
});

test("an unknown tenant is AADSTS90002, for tokens and for discovery", async () => {
  const lab = await testLab();
  const stranger = "00000000-0000-4000-8000-000000000000";
  const failed = await tokenError(lab, stranger, { client_id: ids.app, client_secret: "app secret" });
  expect(failed).toMatchObject({ status: 400, error: "invalid_request" });
  expect(failed.description).toContain("AADSTS90002");
  const discovery = await lab.lab.fetch(
    new Request(`${lab.lab.url}/${stranger}/v2.0/.well-known/openid-configuration`),
  );
  expect(discovery.status).toBe(400);
});

test("an app that a tenant has not consented to is AADSTS700016", async () => {
  const lab = await testLab({ app: { consentedTenants: [ids.source] } });
  const failed = await tokenError(lab, ids.contoso, { client_id: ids.app, client_secret: "app secret" });
  expect(failed).toMatchObject({ status: 400, error: "unauthorized_client" });
  expect(failed.description).toContain("AADSTS700016");
});

test("a wrong secret is AADSTS7000215 and a wrong assertion AADSTS70021", async () => {
  const lab = await testLab();
  const secret = await tokenError(lab, ids.source, { client_id: ids.app, client_secret: "wrong" });
  expect(secret).toMatchObject({ status: 401, error: "invalid_client" });
  expect(secret.description).toContain("AADSTS7000215");
  const assertion = await tokenError(lab, ids.source, {
    client_id: ids.app,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: "wrong",
  });
  expect(assertion.status).toBe(401);
  expect(assertion.description).toContain("AADSTS70021");
});

test("Graph refuses requests without a token, with a made-up one, and with an operator's", async () => {
  const lab = await testLab();
  const none = await lab.lab.fetch(new Request(`${lab.lab.url}/v1.0/users?$select=id`));
  expect(none.status).toBe(401);
  expect(await none.json()).toMatchObject({ error: { code: "InvalidAuthenticationToken" } });
  expect((await clientOf(lab.lab, "made up").get("/users")).status).toBe(401);
  const answer = await lab.token(ids.source, {
    client_id: ids.operator,
    client_secret: "operator secret",
    scope: "api://muster/.default",
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  expect((await clientOf(lab.lab, access_token).get("/users")).status).toBe(401);
  expect(lab.lab.traffic().map(({ status, tenantId }) => [status, tenantId])).toEqual([
    [401, ""],
    [401, ""],
    [401, ""],
  ]);
});

test("a token opens only the tenant it was issued for", async () => {
  const lab = await testLab();
  const inContoso = await lab.as("admin", ids.contoso);
  expect((await inContoso.get(`/users/${ids.ana}`)).status).toBe(404);
  const organization = await inContoso.get("/organization");
  expect(organization.body.value).toMatchObject([{ id: ids.contoso, displayName: "contoso" }]);
});

test("advancing the clock by days leaves tokens valid: virtual time is not the holder's fault", async () => {
  const lab = await testLab();
  const app = await lab.as("app", ids.source);
  await lab.advance(48 * 60 * 60 * 1000);
  expect((await app.get("/users?$select=id")).status).toBe(200);
});

test("the unmodified @azure/identity credentials work over TLS with the lab's certificate authority", async () => {
  const lab = await testLab();
  const folder = await mkdtemp(join(tmpdir(), "graph-lab-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "ca.pem"), lab.certificates.caPem);
  await writeFile(join(folder, "assertion"), "an assertion");
  const script = `
    import { ClientAssertionCredential, ClientSecretCredential, WorkloadIdentityCredential } from "@azure/identity";
    const [url, tenantId, clientId, tokenFilePath] = process.argv.slice(1);
    const options = { authorityHost: url, disableInstanceDiscovery: true };
    const credentials = [
      new ClientSecretCredential(tenantId, clientId, "app secret", options),
      new ClientAssertionCredential(tenantId, clientId, async () => "an assertion", options),
      new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath, ...options }),
    ];
    const statuses = [];
    for (const credential of credentials) {
      const { token } = await credential.getToken("https://graph.microsoft.com/.default");
      const answer = await fetch(url + "/v1.0/users?$select=id", { headers: { authorization: "Bearer " + token } });
      statuses.push(answer.status);
    }
    console.log(JSON.stringify(statuses));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", script, "--", lab.lab.url, ids.source, ids.app, join(folder, "assertion")],
    {
      cwd: join(import.meta.dirname, "../.."),
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") },
    },
  );
  expect(JSON.parse(stdout)).toEqual([200, 200, 200]);
});
