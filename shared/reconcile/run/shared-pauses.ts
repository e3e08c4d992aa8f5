import type { Mark, PolicyMark } from "../../state/marks.ts";

/**
 * Tells all hosts that a tenant has asked not to be called until then, epoch ms. Who does not come to hear of it is told by the tenant
 * itself, so nothing is lost when it cannot be written down.
 */
export async function notePause(
  limit: string,
  until: number,
  { mark, now }: { readonly mark: Mark<PolicyMark>; readonly now: () => number },
): Promise<void> {
  for (let tries = 0; tries < tryLimit; tries += 1) {
    const known = await mark.read();
    if (known === null || (known.value.pauses[limit] ?? 0) >= until) return;
    const lasting = Object.entries(known.value.pauses).filter(([, end]) => end > now());
    const pauses = Object.fromEntries([...lasting, [limit, until]]);
    if (await mark.write({ ...known.value, pauses }, known.etag)) return;
  }
}

const tryLimit = 5;
