import type { Actor } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import type { DirectoryView } from "../directory/view.ts";
import type { PageSize } from "../odata/page-size.ts";

/** Who is calling, as its token says. */
export type Caller = {
  readonly kind: "app" | "admin";
  readonly appId: string;
  readonly displayName: string;
  readonly servicePrincipalId: string;
  /** The application permissions granted in the tenant. */
  readonly roles: readonly string[];
  /** Object ids of the service principals and applications it owns. */
  readonly owns: readonly string[];
  readonly directoryRoles: readonly string[];
  /** Virtual time, epoch milliseconds. */
  readonly tokenIssuedAt: number;
};

/** One Graph request, alone or as a part of a `$batch`. */
export type Call = {
  readonly seq: number;
  /** Virtual time of arrival, epoch milliseconds. */
  readonly at: number;
  readonly requestId: string;
  readonly method: string;
  readonly url: URL;
  /** Without `/v1.0`. */
  readonly path: string;
  /** The path with `{id}` for ids. */
  readonly template: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly tenant: Tenant;
  readonly caller: Caller;
  /** Id of the batch this is a part of. */
  readonly batch: string | undefined;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** How many items a page of its listing gets. */
  readonly pageSize: PageSize;
  /** What this call reads; older than now when replication lags. */
  view: DirectoryView;
};

export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; absent for 204. */
  readonly body?: unknown;
  /** Instead of `body`: `/$count` answers plain text. */
  readonly text?: string;
};

export function actorOf(call: Call): Actor {
  const { kind, appId, displayName, servicePrincipalId } = call.caller;
  return { kind, appId, displayName, servicePrincipalId };
}

/** What a request asks, in one line: the same for a request that is sent again. */
export function wordsOf({ tenant, method, url, body }: Call): string {
  return `${tenant.id} ${method} ${url.pathname}${url.search} ${JSON.stringify(body) ?? ""}`;
}

const readActions = /\/(checkMemberGroups|getMemberGroups|getByIds|\$batch|validateCredentials)$/;

/** Whether a request writes, as Graph counts writes. */
export function isWrite(method: string, template: string): boolean {
  return method !== "GET" && method !== "HEAD" && !readActions.test(template);
}

/** The JSON object sent as body; Graph refuses anything else. */
export function bodyOf(call: Call): Readonly<Record<string, unknown>> {
  const { body } = call;
  return typeof body === "object" && body !== null && !Array.isArray(body)
    ? (body as Readonly<Record<string, unknown>>)
    : {};
}
