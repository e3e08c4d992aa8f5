/** What Graph thinks of an endpoint by the times it took to answer. */
type EndpointState = "well" | "slow" | "drop";

export type EndpointHealth = {
  /** Notes an answer, or that there was none by then. */
  answered(url: string, tookMs: number): void;
  state(url: string): EndpointState;
};

const windowMs = 10 * 60_000;
/** How long a judgement stands; then it is made anew. */
const termMs = 10 * 60_000;
const promptMs = 3_000;
const longestMs = 10_000;
const slowShare = 0.1;
const dropShare = 0.15;

type Answer = { readonly at: number; readonly tookMs: number };
type Endpoint = { answers: readonly Answer[]; state: EndpointState; until: number };

/**
 * learn.microsoft.com/graph/change-notifications-delivery-webhooks, "Throttling": an endpoint is slow when more than 10 % of
 * its answers within ten minutes take more than three seconds, and dropped when more than 15 % take more than ten. No
 * smallest number of answers is documented, so one of one is enough. An endpoint is a host, whatever the path.
 */
export function endpointHealth(now: () => number): EndpointHealth {
  const endpoints = new Map<string, Endpoint>();

  function endpointOf(url: string): Endpoint {
    const { host } = new URL(url);
    const known = endpoints.get(host) ?? { answers: [], state: "well", until: 0 };
    endpoints.set(host, known);
    return known;
  }

  function judge(endpoint: Endpoint): void {
    endpoint.answers = endpoint.answers.filter(({ at }) => at > now() - windowMs);
    const state = stateOf(endpoint.answers);
    const stands = endpoint.until > now() && severity[state] <= severity[endpoint.state];
    if (stands) return;
    endpoint.state = state;
    endpoint.until = now() + termMs;
  }

  return {
    answered(url, tookMs) {
      const endpoint = endpointOf(url);
      endpoint.answers = [...endpoint.answers, { at: now(), tookMs }];
      judge(endpoint);
    },
    state(url) {
      const endpoint = endpointOf(url);
      judge(endpoint);
      return endpoint.state;
    },
  };
}

const severity = { well: 0, slow: 1, drop: 2 };

function stateOf(answers: readonly Answer[]): EndpointState {
  const share = (ms: number) => answers.filter(({ tookMs }) => tookMs > ms).length / answers.length;
  if (answers.length === 0) return "well";
  if (share(longestMs) > dropShare) return "drop";
  return share(promptMs) > slowShare ? "slow" : "well";
}
