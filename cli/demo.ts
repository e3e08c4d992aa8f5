import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { adminOf } from "../lab/admin.ts";
import type { RunningLab } from "../lab/running-lab.ts";
import { startLab } from "../lab/start-lab.ts";
import { errorText } from "../shared/model/error-text.ts";
import { parsePolicy } from "../shared/policy/parse-policy.ts";
import type { Policy } from "../shared/policy/policy.ts";
import { compareWithPolicy } from "./demo/expect.ts";
import { readMatrix } from "./demo/people.ts";
import { printer } from "./demo/print.ts";
import { writeStory } from "./demo/story.ts";
import { momentsOf, readJournal, type Moment } from "./demo/timeline.ts";
import { readFindings, toldSince, type Told } from "./demo/told.ts";

/** `npm run demo`: a joiner, a mover and a leaver go through the whole system, and Graph is asked what became of them. */
const { json } = new Command("demo")
  .description("Plays a story in the lab and compares what Graph shows with what the policy says.")
  .option("--json", "print one JSON document instead")
  .parse()
  .opts<{ json?: true }>();

/**
 * Virtual time for each scene: sync takes minutes to see somebody in scope, the last look at an event is five minutes away,
 * and what Graph does not announce is found within a quarter of an hour.
 */
const sceneMs = 25 * 60_000;

// With --json, standard output is for the document alone.
const print = printer(json ? process.stderr : process.stdout);
const folder = await mkdtemp(join(tmpdir(), "muster-demo-"));
let lab: RunningLab | undefined;
let ending: Promise<never> | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    print.line("\nStopping.");
    void end(130);
  });
}

try {
  print.heading("Muster on this machine: a simulated Microsoft Graph, the real app");
  lab = await startLab({ analysts: 4, pull: 1, out: join(folder, "lab.json"), onProgress: print.progress });
  const problems = await play(lab);
  await end(problems.length === 0 ? 0 : 1);
} catch (error) {
  print.line(`The demo could not be played: ${errorText(error)}`);
  await end(1);
}

async function play(running: RunningLab): Promise<readonly string[]> {
  const admin = adminOf(running.graph, running.world.apps.admin);
  const policy = await policyOf(running);
  const story = await writeStory({ lab: running, admin });
  await running.settled();
  await running.advance(sceneMs);
  const begin = running.clock.now();
  print.line("  Times are those of the lab's clock: what it would have taken with Azure's own delays.");
  const scenes: { title: string; moments: readonly Moment[]; unrest: readonly string[]; told: Told }[] = [];
  for (const [index, scene] of story.scenes.entries()) {
    print.scene(index + 1, scene);
    const startedAt = running.clock.now();
    await scene.act();
    const unrest = await running.settled();
    await running.advance(sceneMs);
    const moments = momentsOf(
      await readJournal(running.tables.connectionString, startedAt),
      scene.person.id,
      startedAt,
    );
    const told = await toldSince(running.tables.connectionString, startedAt);
    print.moments(moments);
    print.told(told);
    scenes.push({ title: scene.title, moments, unrest, told });
  }
  const analysts = running.world.analysts.map(({ id, userPrincipalName }) => ({
    id,
    name: userPrincipalName,
    part: "",
  }));
  const matrix = await readMatrix([...story.people, ...analysts], { lab: running, admin, policy });
  print.heading("Who can get into which tenant now, read again from Graph by an administrator");
  print.matrix(matrix);
  const entries = await readJournal(running.tables.connectionString, begin);
  const proof = entries.filter(
    ({ kind, analyst, plan }) => kind === "proof" && analyst === story.leaver.id && plan.purpose === "leave",
  );
  print.heading(`Proof that ${story.leaver.name} is out, from Muster's journal`);
  print.proof(proof);
  const open = (await readFindings(running.tables.connectionString)).filter(({ over }) => over === null);
  const problems = [
    ...compareWithPolicy(matrix, { policy, given: story.given, gives: givenByPackages(running) }),
    ...(await strangerGone(running, admin)),
    ...open.map(({ found }) => `people still have to see to this: ${found}`),
    ...running.graph.violations().map(({ kind, detail }) => `bad manners towards Graph: ${kind}: ${detail}`),
    ...scenes.flatMap(({ title, unrest }) =>
      unrest.map((busy) => `"${title}" did not come to rest: ${busy}`),
    ),
    ...missingProof(
      proof.map(({ target }) => target),
      policy,
    ),
  ];
  if (open.length === 0) print.line("\n  Nothing is left for people to see to: no finding is open.");
  print.verdict(problems);
  if (json) {
    const document = { ok: problems.length === 0, problems, scenes, matrix, proof };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  return problems;
}

async function policyOf({ policyFile }: RunningLab): Promise<Policy> {
  const parsed = parsePolicy(await readFile(policyFile, "utf8"), policyFile);
  if (parsed.kind === "ok") return parsed.policy;
  throw new Error(
    `the lab's policy is not valid: ${parsed.problems.map(({ message }) => message).join("; ")}`,
  );
}

/** The groups that access packages give, by the names of packages. */
function givenByPackages({ world }: RunningLab): ReadonlyMap<string, string> {
  return new Map(Object.values(world.pullTargets).flatMap(({ gives }) => Object.entries(gives)));
}

/** The native member of a managed group, whom nobody but the target's own administrator put there. */
async function strangerGone(
  { world }: RunningLab,
  admin: ReturnType<typeof adminOf>,
): Promise<readonly string[]> {
  const { stranger } = world.cast;
  const found = await Promise.all(
    Object.values(world.targets).map(({ tenantId, groups }) =>
      admin.list(tenantId, `/groups/${groups["SOC Readers"]}/members?$select=id`),
    ),
  );
  return found.flat().some(({ id }) => id === stranger.id)
    ? []
    : ["the native member of SOC Readers is gone"];
}

function missingProof(proven: readonly (string | null)[], { targets }: Policy): readonly string[] {
  const unproven = targets.filter(({ name }) => !proven.includes(name));
  return unproven.map(({ name }) => `there is no proof of the leaver's absence in ${name}`);
}

/** Ctrl-C may come twice, from the terminal and from npm; the end comes once. */
function end(code: number): Promise<never> {
  ending ??= stopAll(code);
  return ending;
}

async function stopAll(code: number): Promise<never> {
  await lab?.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit(code);
}
