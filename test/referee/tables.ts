import { RestError, type TableClient } from "@azure/data-tables";

type Entity = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

/** One table's rows, which every host shares. */
export type Rows = Map<string, { readonly entity: Entity; readonly etag: string }>;

/** The way to a service and back: either may be slow, and the host may die on each. */
export type Travel = {
  readonly there: (what: string) => Promise<void>;
  readonly back: (what: string) => Promise<void>;
};

/** As much of a table client as Muster's state uses, with etags that mean what they mean in Azure. */
export function tableOf(name: string, rows: Rows, travel: Travel): TableClient {
  const keyOf = (partitionKey: string, rowKey: string) => `${partitionKey}\0${rowKey}`;
  const store = (entity: Entity) => {
    const etag = `W/"${(versions += 1)}"`;
    rows.set(keyOf(entity.partitionKey, entity.rowKey), { entity, etag });
    return { etag };
  };
  const operation = async <T>(what: string, run: () => T): Promise<T> => {
    await travel.there(`${name} ${what}`);
    const result = attempt(run);
    await travel.back(`${name} ${what}`);
    return result();
  };
  const client = {
    getEntity: (partitionKey: string, rowKey: string) =>
      operation("read", () => {
        const row = rows.get(keyOf(partitionKey, rowKey));
        if (row === undefined) throw refusal(404);
        return { ...row.entity, etag: row.etag };
      }),
    upsertEntity: (entity: Entity) => operation("write", () => store(entity)),
    createEntity: (entity: Entity) =>
      operation("write", () => {
        if (rows.has(keyOf(entity.partitionKey, entity.rowKey))) throw refusal(409);
        return store(entity);
      }),
    updateEntity: (entity: Entity, _mode: string, { etag }: { readonly etag: string }) =>
      operation("write", () => {
        const row = rows.get(keyOf(entity.partitionKey, entity.rowKey));
        if (row === undefined) throw refusal(404);
        if (row.etag !== etag) throw refusal(412);
        return store(entity);
      }),
    deleteEntity: (partitionKey: string, rowKey: string, { etag = "*" }: { readonly etag?: string } = {}) =>
      operation("write", () => {
        const row = rows.get(keyOf(partitionKey, rowKey));
        if (row === undefined) throw refusal(404);
        if (etag !== "*" && row.etag !== etag) throw refusal(412);
        rows.delete(keyOf(partitionKey, rowKey));
      }),
    submitTransaction: (actions: readonly (readonly ["upsert" | "delete", Entity])[]) =>
      operation("write", () => {
        for (const [what, entity] of actions)
          if (what === "upsert") store(entity);
          else if (!rows.delete(keyOf(entity.partitionKey, entity.rowKey))) throw refusal(404);
      }),
    async *listEntities({
      queryOptions,
    }: {
      readonly queryOptions?: { readonly filter: string };
    } = {}) {
      await travel.there(`${name} list`);
      const fits = queryOptions === undefined ? () => true : filterOf(queryOptions.filter);
      const found = [...rows.values()]
        .filter(({ entity }) => fits(entity))
        .toSorted((a, b) => (a.entity.rowKey < b.entity.rowKey ? -1 : 1));
      await travel.back(`${name} list`);
      for (const { entity, etag } of found) yield { ...entity, etag };
    },
  };
  return client as unknown as TableClient; // the part of it that is used
}

/** What came of it, to be told when the answer is there. */
export function attempt<T>(run: () => T): () => T {
  try {
    const value = run();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

let versions = 0;

const refusal = (statusCode: number) => new RestError(`the table answers ${statusCode}`, { statusCode });

const filters = new Map<string, (entity: Entity) => boolean>();

/** The forms of filter that are used: a partition, and a range of row keys in it that may be open at its end. */
function filterOf(text: string): (entity: Entity) => boolean {
  const known = filters.get(text);
  if (known !== undefined) return known;
  const before = /^PartitionKey lt '([^']*)'$/.exec(text)?.[1];
  if (before !== undefined) return ({ partitionKey }) => partitionKey < before;
  const match =
    /^PartitionKey eq '([^']*)'(?: and RowKey ge '([^']*)')?(?: and RowKey lt '([^']*)')?$/.exec(text) ??
    undefined;
  if (match === undefined) throw new Error(`this filter is not understood: ${text}`);
  const [, partition, from = "", to = "\uFFFF\uFFFF"] = match;
  const fits = ({ partitionKey, rowKey }: Entity) =>
    partitionKey === partition && rowKey >= from && rowKey < to;
  if (filters.size < 10_000) filters.set(text, fits);
  return fits;
}
