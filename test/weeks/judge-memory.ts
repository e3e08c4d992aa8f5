/** What a host's process held on its heap at the end of a week, when all garbage was gone. */
export type Weighed = {
  readonly week: number;
  readonly host: string;
  readonly pid: number;
  readonly bytes: number;
};

const mib = 2 ** 20;

/**
 * A process that has lived through a week has met everything that it keeps for good: names, rows, what it compiled. From then on it may hold
 * this much more, however long it lives: what is kept of each key and each day would be more than that within weeks.
 */
const mostMoreBytes = 4 * mib;

/** @returns which processes hold more and more */
export function judgeMemory(weighed: readonly Weighed[]): readonly string[] {
  return [...Map.groupBy(weighed, ({ pid }) => pid).values()].flatMap((all) => {
    const [, settled, ...later] = all;
    const last = later.at(-1);
    if (settled === undefined || last === undefined) return [];
    const more = last.bytes - settled.bytes;
    return more > mostMoreBytes
      ? [
          `memory: ${last.host} holds ${inMib(more)} MiB more than in week ${settled.week}: ${all.map(({ bytes }) => inMib(bytes)).join(", ")}`,
        ]
      : [];
  });
}

export const inMib = (bytes: number): string => (bytes / mib).toFixed(1);
