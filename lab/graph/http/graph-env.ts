import type { Http2Bindings, HttpBindings } from "@hono/node-server";
import type { Call, Reply } from "./call.ts";

/** What a part of a `$batch` inherits from its batch. */
type PartOf = { readonly batch: Call; readonly body: unknown };

/** What travels with a request through the Graph endpoint. */
export type GraphEnv = {
  Bindings: Partial<HttpBindings | Http2Bindings> & { part?: PartOf };
  Variables: {
    call: Call;
    /** Set by the operation: gives its reply, or throws what it threw. */
    answer?: () => Reply;
  };
};
