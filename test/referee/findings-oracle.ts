import type { Rows } from "./tables.ts";

/** What people are shown of leavers, against what is proven of them: both as the tables have them in the end. */
export type FindingsOracle = {
  /** @param belongs whether the person is to be in that tenant */
  readonly judge: (who: {
    readonly id: string;
    readonly tenantId: string;
    readonly belongs: boolean;
  }) => string | null;
};

/** The last thing that was proven; `since`: they have belonged there after that, and Muster need not have seen it. */
type Proven = { readonly purpose: "join" | "leave"; readonly since: "nothing" | "belonged" } | undefined;

export function findingsOracle(
  tables: Readonly<Record<string, Rows>>,
  provenOf: (id: string, tenantId: string) => Proven,
): FindingsOracle {
  return {
    judge({ id, tenantId, belongs }) {
      const isShown = rowsOf(tables["Findings"]).some(
        ({ tenant, subject, kind, over }) =>
          tenant === tenantId && subject === id && kind === "orphan" && over === null,
      );
      // Nobody was ever asked to let them in there.
      if (tables["Pairs"]?.has(`${tenantId}\0${id}`) !== true)
        return isShown ? "an orphan where they never were" : null;
      if (belongs) return isShown ? "an orphan who belongs there" : null;
      const { purpose, since } = provenOf(id, tenantId) ?? {};
      if (purpose === "leave" && since === "belonged") return null;
      if (purpose === "leave") return isShown ? "an orphan who is proven out" : null;
      return isShown ? null : "not proven out, and no finding";
    },
  };
}

/** As the table has them: a few columns, and the value in pieces. */
function rowsOf(rows: Rows = new Map()): readonly Readonly<Record<string, unknown>>[] {
  return [...rows.values()].map(({ entity }) => {
    const pieces = Object.keys(entity).filter((key) => /^json\d+$/.test(key));
    return JSON.parse(pieces.map((_, index) => String(entity[`json${index}`])).join("")) as Record<
      string,
      unknown
    >; // written by `writeVersioned`
  });
}
