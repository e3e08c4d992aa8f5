import type { RunningLab } from "../../lab/running-lab.ts";
import { buildWorld } from "../../lab/world.ts";
import { withLab, withWorld } from "../bench-lab.ts";
import { rest } from "./deed.ts";
import { copiesOf, modelsIn, remember, worldOf, type Copy, type Models } from "./many-at-work.ts";
import { everybodyAtWork } from "./proofs.ts";

type Size = { readonly analysts: number; readonly targets: number };
type Options = {
  readonly onNote: (line: string) => void;
  /** Functions that are off. */
  readonly disabled?: readonly string[];
};

/** One for each; everybody else is made like one of them. */
const roles = 3;
const hourMs = 3_600_000;

/** By the number of targets: bringing somebody in takes its time. */
const known = new Map<number, Promise<Models>>();

/** A lab in which so many people are at work in so many targets, and nothing is left to do. */
export async function withMany<T>(
  { analysts, targets }: Size,
  use: (lab: RunningLab, copies: readonly Copy[]) => Promise<T>,
  { onNote, disabled = [] }: Options,
): Promise<T> {
  const models = known.get(targets) ?? bringIn(targets, onNote);
  known.set(targets, models);
  const found = await models;
  onNote(`${analysts} analysts are made like them`);
  const copies = copiesOf(found, analysts);
  const world = worldOf(buildWorld({ seed: 1, analysts: 0, targets }), copies);
  return withWorld(
    world,
    async (lab) => {
      await remember(lab, found, copies);
      await lab.advance(hourMs);
      await rest(lab);
      return use(lab, copies);
    },
    { disabled, startsAt: found.at },
  );
}

function bringIn(targets: number, onNote: (line: string) => void): Promise<Models> {
  onNote(`${roles} analysts are given their access in ${targets} targets`);
  const first = async (lab: RunningLab) => {
    await everybodyAtWork(lab, roles * targets);
    await lab.advance(hourMs);
    await rest(lab);
    return modelsIn(lab);
  };
  return withLab({ analysts: roles, targets }, first, { disabled: ["catch-up"] });
}
