import type { GraphLab } from "./graph/simulator.ts";

/** An administrator of every tenant, as a person with the portal open would be. */
export type Admin = {
  /** @throws Error when Graph does not answer with 2xx. */
  readonly call: (tenantId: string, method: string, path: string, body?: unknown) => Promise<unknown>;
  /** All items of a listing, page by page. */
  readonly list: (tenantId: string, path: string) => Promise<readonly Record<string, unknown>[]>;
};

type AdminSecret = { readonly clientId: string; readonly clientSecret: string };

export function adminOf(
  graph: Pick<GraphLab, "url" | "fetch">,
  { clientId, clientSecret }: AdminSecret,
): Admin {
  const tokens = new Map<string, Promise<string>>();

  async function fetchToken(tenantId: string): Promise<string> {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${graph.url}/.default`,
    });
    const url = `${graph.url}/${tenantId}/oauth2/v2.0/token`;
    const response = await graph.fetch(new Request(url, { method: "POST", body: form }));
    const answer = (await response.json()) as { access_token?: string; error_description?: string }; // RFC 6749
    if (answer.access_token === undefined)
      throw new Error(`no token for ${tenantId}: ${answer.error_description}`);
    return answer.access_token;
  }

  async function call(tenantId: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const token = tokens.get(tenantId) ?? fetchToken(tenantId);
    tokens.set(tenantId, token);
    const url = path.startsWith("https://") ? path : `${graph.url}/v1.0${path}`;
    const response = await graph.fetch(
      new Request(url, {
        method,
        headers: { authorization: `Bearer ${await token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  return {
    call,
    async list(tenantId, path) {
      const items: Record<string, unknown>[] = [];
      for (let next: string | undefined = path; next !== undefined;) {
        // Every listing of Graph has this shape.
        const page = (await call(tenantId, "GET", next)) as {
          value: Record<string, unknown>[];
          "@odata.nextLink"?: string;
        };
        items.push(...page.value);
        next = page["@odata.nextLink"];
      }
      return items;
    },
  };
}
