import type { Call, Reply } from "../http/call.ts";
import { badRequest } from "../http/problem.ts";
import { doomOf } from "../odata/skip-token.ts";

/** Hands out the result of a delta query page by page, as it was when the first page was read. */
export type DeltaPages = {
  first(call: Call, result: { items: readonly unknown[]; context: string; deltaToken: string }): Reply;
  next(call: Call, skipToken: string): Reply;
};

type Session = { readonly items: readonly unknown[]; readonly context: string; readonly deltaToken: string };

const pageSize = 100;
const keepSessions = 500;

export function deltaPages(): DeltaPages {
  const sessions = new Map<string, Session>();

  function page(
    call: Call,
    session: Session,
    at: { key: string; start: number; isAfterEmpty: boolean },
  ): Reply {
    const asked = Math.min(pageSize, Math.max(1, session.items.length - at.start));
    const size = call.pageSize({ asked, offset: at.start, isAfterEmpty: at.isAfterEmpty });
    const end = at.start + size;
    const base = `${call.url.origin}${call.url.pathname}`;
    const link =
      size === 0 || end < session.items.length
        ? { "@odata.nextLink": `${base}?$skiptoken=${at.key}.${end}${size === 0 ? ".empty" : ""}` }
        : { "@odata.deltaLink": `${base}?$deltatoken=${session.deltaToken}` };
    const context = `${call.url.origin}/v1.0/$metadata#${session.context}`;
    const value = session.items.slice(at.start, end);
    return { status: 200, body: { "@odata.context": context, ...link, value } };
  }

  return {
    first(call, session) {
      sessions.set(call.requestId, session);
      const oldest = sessions.keys().next();
      if (sessions.size > keepSessions && oldest.done !== true) sessions.delete(oldest.value);
      return page(call, session, { key: call.requestId, start: 0, isAfterEmpty: false });
    },
    next(call, skipToken) {
      const [key = "", start = "", empty] = skipToken.split(".");
      const session = doomOf(skipToken) === undefined ? sessions.get(key) : undefined;
      if (session === undefined) throw badRequest("The specified $skiptoken is not valid.");
      return page(call, session, { key, start: Number(start), isAfterEmpty: empty !== undefined });
    },
  };
}
