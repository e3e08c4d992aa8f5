import { z } from "zod";
import type { Caller } from "./caller.ts";
import { readInput, type RawInput, type Shapes, type Wrong } from "./read-input.ts";
import type { ApiRole } from "./roles.ts";

/** What can be asked of the API, in one place: who may, what it takes, and what it answers. `openApiOf` tells it to programs. */
export type Description = Shapes & {
  /** Also that of the function. */
  readonly name: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/api/`, as the Functions host writes it: `resyncs/{id}`. */
  readonly route: string;
  readonly role: ApiRole;
  readonly summary: string;
  readonly answer: {
    readonly status: number;
    readonly means: string;
    readonly body: z.ZodType;
    /** Name and meaning. */
    readonly headers: Readonly<Record<string, string>>;
  };
  /** What is refused besides what `serve` refuses, by status. */
  readonly problems: Readonly<Record<number, string>>;
};

/** What came of it. A refusal is a value; whatever is thrown is nobody's fault who calls. */
export type Reply<Body = unknown, Status = number> =
  | { readonly kind: "done"; readonly body: Body; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "refused"; readonly status: Status; readonly detail: string };

export const done = <Body>(body: Body, headers: Readonly<Record<string, string>> = {}) =>
  ({ kind: "done", body, headers }) as const;

/** With a status that the endpoint describes among its problems. */
export const refuse = <const Status extends number>(status: Status, detail: string) =>
  ({ kind: "refused", status, detail }) as const;

/** `Ports`: what it needs of the world. */
export type Endpoint<Ports> = Description & {
  readonly carryOut: (
    input: RawInput,
    caller: Caller,
    ports: Ports,
  ) => Promise<Reply | { readonly kind: "unreadable"; readonly wrong: readonly Wrong[] }>;
};

/** What is asked, as its schemas have read it. */
type Asked<P extends z.ZodType, Q extends z.ZodType, H extends z.ZodType, B extends z.ZodType> = {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly headers: z.output<H>;
  readonly body: z.output<B>;
  readonly caller: Caller;
};

type Written<
  Ports,
  P extends z.ZodObject,
  Q extends z.ZodObject,
  H extends z.ZodObject,
  B extends z.ZodType,
  A extends z.ZodType,
  S extends number,
> = Pick<Description, "name" | "method" | "route" | "role" | "summary"> & {
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  readonly answer: Omit<Description["answer"], "body" | "headers"> & {
    readonly body: A;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly problems?: Readonly<Record<S, string>>;
  readonly reply: (asked: Asked<P, Q, H, B>, ports: Ports) => Promise<Reply<z.input<A>, S>>;
};

const nothing = z.strictObject({});
type Nothing = typeof nothing;

/** An endpoint, as its file writes it. `reply` is handed what the schemas have read, and can only answer what is described. */
export function endpoint<
  Ports,
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  H extends z.ZodObject = Nothing,
  B extends z.ZodType = z.ZodUndefined,
  A extends z.ZodType = z.ZodType,
  S extends number = never,
>(written: Written<Ports, P, Q, H, B, A, S>): Endpoint<Ports> {
  const {
    params = nothing,
    query = nothing,
    headers = nothing,
    body = null,
    answer,
    problems = {},
  } = written;
  const { name, method, route, role, summary } = written;
  const shapes = { params, query, headers, body };
  return {
    name,
    method,
    route,
    role,
    summary,
    ...shapes,
    answer: { headers: {}, ...answer },
    problems,
    async carryOut(raw, caller, ports) {
      const read = readInput(raw, shapes);
      if (read.kind === "wrong") return { kind: "unreadable", wrong: read.wrong };
      // These schemas have read it.
      const asked = { ...read.input, caller } as unknown as Asked<P, Q, H, B>;
      return written.reply(asked, ports);
    },
  };
}
