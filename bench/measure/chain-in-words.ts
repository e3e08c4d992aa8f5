import type { RunningLab } from "../../lab/running-lab.ts";
import { answeredAt, type Request } from "./chains.ts";

/** A chain for people: when each request began and was answered, where, and what it was. */
export function chainInWords(
  chain: readonly Request[],
  since: number,
  { world }: Pick<RunningLab, "world">,
): string {
  return chain
    .map((one) => {
      const times = `${Date.parse(one.at) - since}–${answeredAt(one) - since} ms`;
      const where = one.tenantId === world.source.tenantId ? "source" : "target";
      return `  ${times} ${where}: ${wordsOf(one)}`;
    })
    .join("\n");
}

function wordsOf({ method, template, requestBody }: Request): string {
  if (!template.endsWith("$batch")) return `${method} ${template}`;
  const { requests = [] } = (requestBody ?? {}) as Envelope; // Graph has accepted it as a batch
  const parts = requests.map((part) => `${part.method} ${short(part.url)}`);
  return `$batch of ${parts.length}: ${[...new Set(parts)].join(", ")}`;
}

type Envelope = { readonly requests?: readonly { readonly method: string; readonly url: string }[] };

const short = (url: string) => url.replace(/\?.*$/, "").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "{id}");
