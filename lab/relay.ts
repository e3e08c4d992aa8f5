import type { LabClock } from "./clock.ts";
import type { Callout } from "./graph/workflows/engine.ts";

type RelayParts = {
  readonly clock: LabClock;
  /** Serves a request to Graph's authority without the network. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly authority: string;
  readonly identity: { readonly clientId: string; readonly clientSecret: string };
  readonly audience: string;
  /** The function that it calls. */
  readonly url: string;
};

export type Relay = {
  readonly call: (callout: Callout) => void;
  /** What is being posted just now. */
  readonly busy: () => readonly string[];
};

/** The default of a Logic App's HTTP action: four more times. https://learn.microsoft.com/azure/logic-apps/error-exception-handling */
const pausesMs = [7_500, 15_000, 30_000, 60_000];
/** Which answers it tries again. */
const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

/** Plays the Logic Apps of custom task extensions: passes on what a workflow sends, with a token of their managed identity. */
export function relay(parts: RelayParts): Relay {
  const posting = new Set<Callout>();
  const { clock } = parts;

  async function attempt(callout: Callout, tries: number): Promise<void> {
    posting.add(callout);
    const status = await post(callout).catch(() => 503);
    posting.delete(callout);
    const pauseMs = pausesMs[tries];
    if (isPassing(status) && pauseMs !== undefined)
      clock.at(clock.now() + pauseMs, "a relay calls again", () => attempt(callout, tries + 1));
  }

  async function post({ tenantId, category, data }: Callout): Promise<number> {
    const headers = {
      authorization: `Bearer ${await tokenOf(tenantId)}`,
      "content-type": "application/json",
    };
    const body = JSON.stringify({ category, data });
    return (await fetch(parts.url, { method: "POST", headers, body })).status;
  }

  async function tokenOf(tenantId: string): Promise<string> {
    const { clientId, clientSecret } = parts.identity;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${parts.audience}/.default`,
    });
    const url = `${parts.authority}/${tenantId}/oauth2/v2.0/token`;
    const answer = await parts.fetch(new Request(url, { method: "POST", body: form }));
    const { access_token: token } = (await answer.json()) as { readonly access_token?: string }; // RFC 6749
    if (token === undefined) throw new Error(`the relay got no token in ${tenantId}`);
    return token;
  }

  return {
    call: (callout) => void attempt(callout, 0),
    busy: () => [...posting].map(() => "a relay of a workflow is calling"),
  };
}
