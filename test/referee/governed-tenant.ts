import type { Written } from "../../shared/graph/group-members.ts";
import { refusalIn, type GraphCall, type GraphReply, type GraphTenant } from "../../shared/graph/tenant.ts";

/** What PIM or entitlement management answers. */
export type Reply = { readonly status: number; readonly body: unknown };

/** One of the two, as far as Graph's calls reach it. Paths begin after /v1.0. */
export type Service = {
  /** Everything that the list shows of this account, or of this address; `at`: as it was then. */
  readonly list: (path: string, whom: string, at: number | undefined) => readonly unknown[];
  /** What holds for the whole tenant. */
  readonly settings?: () => unknown;
  readonly post: (path: string, body: Readonly<Record<string, unknown>>, hears: Hears) => Reply;
};

/** Hears of what took effect, and of what it is about. */
export type Hears = (kind: "grant" | "revoke", account: string, subject: string, by?: "admin") => void;

export const refused = (code: string, message = code): Reply => ({
  status: 400,
  body: { error: { code, message } },
});

type Options = {
  readonly tenantId: string;
  readonly now: () => number;
  readonly serviceOf: (path: string) => Service;
  readonly read: <T>(template: string, what: string, look: (at: number | undefined) => T) => Promise<T>;
  readonly write: (
    [what, template]: readonly [string, string],
    sendBefore: number,
    act: () => Reply,
  ) => Promise<Omit<Written, "result"> & { readonly result: Reply }>;
  readonly hears: Hears;
  /** Whether only the first page of a list can be had. */
  readonly breaksOff: (what: string) => boolean;
  readonly failure: (template: string, answer: { readonly status: number; readonly code: string }) => Error;
};

const url = "https://graph.example";
const lost = "&$skiptoken=lost";

/** A target's Graph as the readers and writers of PIM and of access packages call it: the product's own code does the rest. */
export function governedTenant(options: Options): GraphTenant {
  const { tenantId, now, serviceOf, read, write, hears, breaksOff, failure } = options;

  async function list({ path, template }: GraphCall): Promise<GraphReply> {
    const [whole = ""] = path.split("?");
    const whom = /eq '([^']*)'/.exec(decodeURIComponent(path))?.[1] ?? "";
    const what = `${nameOf(whole)} of ${whom}`;
    if (path.endsWith(lost)) throw failure(template, { status: 503, code: "serviceNotAvailable" });
    if (whole.endsWith("/settings")) {
      const settings = await read(template, what, () => serviceOf(whole).settings?.() ?? {});
      return { status: 200, body: settings, trace: traceOf(200), appliedBefore: "no" };
    }
    const items = await read(template, what, (at) => serviceOf(whole).list(whole, whom, at));
    const body = breaksOff(what)
      ? {
          value: items.slice(0, Math.floor(items.length / 2)),
          "@odata.nextLink": `${url}/v1.0${path}${lost}`,
        }
      : { value: items };
    return { status: 200, body, trace: traceOf(200), appliedBefore: "no" };
  }

  async function post(call: GraphCall): Promise<GraphReply> {
    const { path, template, sendBefore = Infinity } = call;
    const asked = (call.body ?? {}) as Readonly<Record<string, unknown>>; // what the product sends is an object
    const what = `${nameOf(path)} ${JSON.stringify(asked)}`;
    const { result, appliedBefore } = await write([what, template], sendBefore, () => {
      const reply = serviceOf(path).post(path, asked, hears);
      const { status } = reply;
      if (status < 400) return reply;
      const { code, message } = refusalIn(reply.body);
      if (call.accepts?.({ status, code, message }) === true) return reply;
      throw failure(template, { status, code });
    });
    return { ...result, trace: traceOf(result.status), appliedBefore };
  }

  return {
    tenantId,
    url,
    now,
    send: (call) => (call.method === "GET" ? list(call) : post(call)),
  };
}

const traceOf = (status: number) => ({ clientRequestId: "", requestId: null, status, ms: 0, tries: 1 });

const nameOf = (path: string) => path.split("/").slice(-2).join("/");
