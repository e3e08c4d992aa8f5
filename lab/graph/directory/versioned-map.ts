/**
 * A map that also answers "what did it hold at that moment", so that replication lag can be imitated.
 * Old values are kept for an hour; reading the present costs a plain map lookup.
 */
export type VersionedMap<V> = {
  get(key: string, at?: number): V | undefined;
  set(key: string, value: V): void;
  /** Puts a value that has always been there. */
  plant(key: string, value: V): void;
  delete(key: string): void;
  entries(when?: When): Iterable<readonly [string, V]>;
  keys(at?: number): readonly string[];
  readonly size: number;
};

/** A moment for all keys, or one per key; `undefined` means now. */
export type When = number | ((key: string) => number | undefined) | undefined;

type Version<V> = { readonly until: number; readonly value: V | undefined };

const keepMs = 60 * 60 * 1000;

/** `changed` hears of every change that makes history. */
export function versionedMap<V>(
  now: () => number,
  changed: (key: string) => void = () => undefined,
): VersionedMap<V> {
  const current = new Map<string, V>();
  const past = new Map<string, Version<V>[]>();

  function keepOld(key: string): void {
    const versions = past.get(key) ?? [];
    const at = now();
    while (versions[0] !== undefined && versions[0].until < at - keepMs) versions.shift();
    versions.push({ until: at, value: current.get(key) });
    past.set(key, versions);
  }

  function get(key: string, at?: number): V | undefined {
    if (at === undefined) return current.get(key);
    const old = past.get(key)?.find(({ until }) => until > at);
    return old === undefined ? current.get(key) : old.value;
  }

  function* entriesAt(moment: (key: string) => number | undefined): Iterable<readonly [string, V]> {
    const vanished = [...past.keys()].filter((key) => !current.has(key));
    for (const key of [...current.keys(), ...vanished]) {
      const value = get(key, moment(key));
      if (value !== undefined) yield [key, value];
    }
  }

  return {
    get,
    set(key, value) {
      keepOld(key);
      current.set(key, value);
      changed(key);
    },
    plant: (key, value) => void current.set(key, value),
    delete(key) {
      if (!current.has(key)) return;
      keepOld(key);
      current.delete(key);
      changed(key);
    },
    entries(when) {
      if (when === undefined) return current;
      return entriesAt(typeof when === "function" ? when : () => when);
    },
    keys(at) {
      if (at === undefined) return [...current.keys()];
      return [...entriesAt(() => at)].map(([key]) => key);
    },
    get size() {
      return current.size;
    },
  };
}
