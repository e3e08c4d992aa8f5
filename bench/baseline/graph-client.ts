import type { RunningLab } from "../../lab/running-lab.ts";
import { script } from "../bench-lab.ts";

/** One request at a time, as `Invoke-MgGraphRequest` sends them. */
export type GraphClient = {
  /** @throws Error when Graph does not answer with 2xx. */
  readonly call: (method: string, path: string, body?: unknown) => Promise<unknown>;
  /** All items of a listing, page by page. */
  readonly list: (path: string) => Promise<readonly { readonly id: string }[]>;
};

type Page = { readonly value: readonly { readonly id: string }[]; readonly "@odata.nextLink"?: string };

export function graphClient({ graph, clock }: RunningLab, tenantId: string): GraphClient {
  let token: Promise<string> | undefined;

  async function fetchToken(): Promise<string> {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: script.clientId,
      client_secret: script.clientSecret,
      scope: "https://graph.microsoft.com/.default",
    });
    const url = `${graph.url}/${tenantId}/oauth2/v2.0/token`;
    const answer = await graph.fetch(new Request(url, { method: "POST", body: form }));
    const { access_token: issued } = (await answer.json()) as { access_token?: string }; // RFC 6749
    if (issued === undefined) throw new Error(`the script got no token for ${tenantId}`);
    return issued;
  }

  async function send(method: string, path: string, body: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${await (token ??= fetchToken())}` };
    const url = path.startsWith("https://") ? path : `${graph.url}/v1.0${path}`;
    const content =
      body === undefined
        ? { headers }
        : { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
    return graph.fetch(new Request(url, { method, ...content }));
  }

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    for (;;) {
      const answer = await send(method, path, body);
      const text = await answer.text();
      const retryAfter = answer.headers.get("retry-after");
      if (answer.status === 429 && retryAfter !== null) {
        await clock.hold(Number(retryAfter) * 1_000, "the script waits as Graph said");
        continue;
      }
      if (!answer.ok) throw new Error(`the script's ${method} ${path}: ${answer.status} ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    }
  }

  return {
    call,
    async list(path) {
      const items: { readonly id: string }[] = [];
      for (let next: string | undefined = path; next !== undefined;) {
        const page = (await call("GET", next)) as Page; // every listing of Graph has this shape
        items.push(...page.value);
        next = page["@odata.nextLink"];
      }
      return items;
    },
  };
}
