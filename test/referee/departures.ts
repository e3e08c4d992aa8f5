import type { PersonName, TenantName } from "./cast.ts";

/** What a lifecycle workflow of the source or of a target says of somebody. */
export type WorkflowDeed = {
  readonly kind: "workflow";
  readonly category: "joiner" | "mover" | "leaver";
  readonly person: PersonName;
  readonly of: "source" | TenantName;
};

/** What workflows said last, whenever that is heard. */
export type Departures = {
  readonly say: (deed: WorkflowDeed, at: number) => void;
  readonly isOut: (of: WorkflowDeed["of"], person: PersonName) => boolean;
};

/** The last word counts, by the time of the task; whom the source has back is back in targets that spoke before. */
export function departuresOf(): Departures {
  const last = new Map<string, { readonly is: "departed" | "here"; readonly at: number }>();
  const said = (of: string, person: PersonName) => last.get(`${of}|${person}`) ?? { is: "here", at: -1 };
  return {
    say({ category, person, of }, at) {
      if (category === "mover" || said(of, person).at > at) return;
      last.set(`${of}|${person}`, { is: category === "leaver" ? "departed" : "here", at });
    },
    isOut(of, person) {
      const there = said(of, person);
      if (there.is === "here") return false;
      const home = said("source", person);
      return of === "source" || home.is === "departed" || home.at <= there.at;
    },
  };
}
