import type { RunningLab } from "../../lab/running-lab.ts";

type Secret = { readonly clientId: string; readonly clientSecret: string };

/** A token that the lab's authority gives this client, in the source tenant unless another is said. */
export async function tokenFor(
  { graph, world }: Pick<RunningLab, "graph" | "world">,
  { clientId, clientSecret }: Secret,
  audience: string,
  tenantId = world.source.tenantId,
): Promise<string> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    scope: `${audience}/.default`,
  });
  const url = `${graph.url}/${tenantId}/oauth2/v2.0/token`;
  const answer = await graph.fetch(new Request(url, { method: "POST", body: form }));
  const { access_token: token } = (await answer.json()) as { readonly access_token: string }; // RFC 6749
  return token;
}
