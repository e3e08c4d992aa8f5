import type { Endpoint } from "../../api/endpoint.ts";
import type { Answer } from "../../api/problem.ts";
import { serve } from "../../api/serve.ts";
import { apiPorts } from "../compose.ts";
import { logTo, type LogTarget } from "../log.ts";
import { readApiSettings } from "../settings.ts";
import { tokenRules } from "../token-rules.ts";
import type { ApiPorts } from "./api-ports.ts";
import { isOutage } from "./is-outage.ts";

/** The library's HttpRequest, as far as it is needed. */
type FunctionRequest = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: { readonly entries: () => Iterable<readonly [string, string]> };
  readonly headers: { readonly get: (name: string) => string | null };
  readonly text: () => Promise<string>;
};

/** What a function of the API does: everything that differs stands in its endpoint. */
export function answer(
  endpoint: Endpoint<ApiPorts>,
  request: FunctionRequest,
  log: LogTarget,
): Promise<Answer> {
  const write = logTo(log);
  return serve(
    endpoint,
    {
      params: request.params,
      query: Object.fromEntries(request.query.entries()),
      header: (name) => request.headers.get(name),
      text: () => request.text(),
    },
    {
      rules() {
        const settings = readApiSettings(process.env);
        if (settings.tenants.size === 0)
          write("warn", "Nobody may use the API: set MUSTER_API_TENANTS to the tenants of its callers.", {});
        return tokenRules(settings);
      },
      ports: apiPorts,
      newRequestId: () => crypto.randomUUID(),
      isOutage,
      log: write,
    },
  );
}
