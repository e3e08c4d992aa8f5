import DataLoader from "dataloader";
import { z } from "zod";
import { late, type Http, type HttpAnswer, type HttpCall } from "./http.ts";

/** Graph takes at most 20 requests in a batch. https://learn.microsoft.com/graph/json-batching */
const batchLimit = 20;
/** Calls made within this window travel together: far below one round trip to Graph. */
const windowMs = 5;

/** A place among the requests that may be under way at once: `run` begins when there is one, and has it until it ends. */
export type Place = <T>(run: () => Promise<T>) => Promise<T>;

/**
 * Makes one HTTP request of calls that are made at about the same time, or while these wait for a place. A call that is alone
 * travels alone, and whoever reads the same gets the same answer. The parts are answered one by one: a throttled part does not
 * spoil its neighbours.
 */
export function coalesce(http: Http, place: Place): Http {
  let sent: Promise<unknown> = Promise.resolve();
  const loader: DataLoader<HttpCall, HttpAnswer, string | symbol> = new DataLoader(
    async (calls) => {
      // What is asked from now on is not answered with what was read before.
      loader.clearAll();
      const asked = sendTogether(http, calls);
      sent = asked;
      const answers = await asked;
      // They waited too long for one of them; the others need not suffer for that.
      return answers === "late" ? Promise.all(calls.map((call) => place(() => http(call)))) : answers;
    },
    {
      cacheKeyFn: (call) => (call.method === "GET" ? nameOf(call) : Symbol("each write is its own")),
      maxBatchSize: batchLimit,
      batchScheduleFn: (send) => void setTimeout(() => void place(() => whenSent(send)), windowMs),
    },
  );
  const whenSent = async (send: () => void) => {
    send();
    await Promise.allSettled([sent]);
  };
  return (call) => loader.load(call);
}

/** Whose question is the same, but for the id by which it is traced. */
const nameOf = ({ path, headers, sendBefore }: HttpCall): string =>
  JSON.stringify([path, { ...headers, "client-request-id": "" }, sendBefore]);

async function sendTogether(http: Http, calls: readonly HttpCall[]): Promise<readonly HttpAnswer[] | "late"> {
  const [first, ...others] = calls;
  if (first === undefined) return [];
  if (others.length === 0) return [await http(first)];
  const answer = await http({
    method: "POST",
    path: "/$batch",
    headers: priorityOf(first),
    body: { requests: calls.map((call, index) => part(call, index)) },
    timeoutMs: Math.max(...calls.map(({ timeoutMs }) => timeoutMs)),
    ...earliest(calls),
  });
  if (answer === late) return "late";
  if (answer.status !== 200) return calls.map(() => answer);
  return spread(answer, calls.length);
}

function earliest(calls: readonly HttpCall[]): Pick<HttpCall, "sendBefore"> {
  const times = calls.flatMap(({ sendBefore }) => sendBefore ?? []);
  return times.length === 0 ? {} : { sendBefore: Math.min(...times) };
}

/** A batch holds calls of one priority, so the first one speaks for all. */
function priorityOf({ headers }: HttpCall): Record<string, string> {
  const priority = headers["x-ms-throttle-priority"];
  return priority === undefined ? {} : { "x-ms-throttle-priority": priority };
}

function part({ method, path, headers, body }: HttpCall, index: number) {
  const typed = body === undefined ? headers : { ...headers, "Content-Type": "application/json" };
  return { id: String(index), method, url: path, headers: typed, ...(body === undefined ? {} : { body }) };
}

const responsesSchema = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.number(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.unknown().optional(),
    }),
  ),
});

/** Parts come back in any order, and one that is missing was not answered. */
function spread(answer: HttpAnswer, count: number): readonly HttpAnswer[] {
  const parsed = responsesSchema.safeParse(answer.body);
  const byId = new Map(parsed.data?.responses.map((response) => [response.id, response]));
  return Array.from({ length: count }, (_, index) => {
    const response = byId.get(String(index));
    if (response === undefined) return unanswered;
    return { status: response.status, headers: lowerCase(response.headers ?? {}), body: response.body };
  });
}

const unanswered: HttpAnswer = {
  status: 0,
  headers: {},
  body: { error: { code: "network", message: "the batch came back without an answer to this part" } },
};

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
