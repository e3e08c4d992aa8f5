import { access, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { stageDeployment } from "../../lab/host/deployment.ts";
import { parseFuncignore } from "../../lab/host/funcignore.ts";

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "deployment-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

const lock = {
  packages: {
    "": { name: "app" },
    "node_modules/used": { version: "1.0.0" },
    "node_modules/used/node_modules/nested": { version: "2.0.0" },
    "node_modules/used/node_modules/nested-dev": { version: "2.0.0", dev: true },
    "node_modules/@scope/also": { version: "1.0.0" },
    "node_modules/other-platform": { version: "1.0.0", optional: true },
    "node_modules/typescript": { version: "7.0.0", dev: true },
  },
};

const files = {
  "package.json": "{}",
  "package-lock.json": JSON.stringify(lock),
  "host.json": "{}",
  ".funcignore": "# what stays behind\n*.ts\ntest/\n.lab\n!keep.ts\n",
  "keep.ts": "",
  "dist/functions/a.js": "a",
  "functions/a.ts": "",
  "test/a.js": "",
  ".lab/lab.json": "",
  "node_modules/used/package.json": "{}",
  "node_modules/used/lib/index.js": "used",
  "node_modules/used/node_modules/nested/package.json": "{}",
  "node_modules/used/node_modules/nested-dev/package.json": "{}",
  "node_modules/@scope/also/package.json": "{}",
  "node_modules/typescript/package.json": "{}",
};

describe("a staged deployment", () => {
  it("holds what .funcignore leaves and production dependencies, and nothing else", async () => {
    const projectDir = await project(files);
    const outDir = join(projectDir, "out");
    const staged = await stageDeployment({ projectDir, outDir });
    expect(staged).toEqual([
      ".funcignore",
      "dist/functions/a.js",
      "host.json",
      "keep.ts",
      "node_modules/@scope/also",
      "node_modules/used",
      "node_modules/used/node_modules/nested",
      "package-lock.json",
      "package.json",
    ]);
    expect(await readFile(join(outDir, "dist/functions/a.js"), "utf8")).toBe("a");
    expect(await exists(join(outDir, "node_modules/typescript"))).toBe(false);
    expect(await exists(join(outDir, "node_modules/used/node_modules/nested-dev"))).toBe(false);
    expect(await exists(join(outDir, "test"))).toBe(false);
  });

  it("resolves its packages inside itself, so that a missing dependency is noticed", async () => {
    const projectDir = await project(files);
    const outDir = join(projectDir, "out");
    await stageDeployment({ projectDir, outDir });
    const real = await realpath(join(outDir, "node_modules/used/lib/index.js"));
    expect(real.startsWith(await realpath(outDir))).toBe(true);
  });

  it("can be staged again, without what is gone and without containing itself", async () => {
    const projectDir = await project(files);
    const outDir = join(projectDir, "out");
    const first = await stageDeployment({ projectDir, outDir });
    await writeFile(join(outDir, "stale.js"), "");
    expect(await stageDeployment({ projectDir, outDir })).toEqual(first);
    expect(await exists(join(outDir, "stale.js"))).toBe(false);
  });

  it("is refused when a dependency is not installed, and names it", async () => {
    const projectDir = await project(files);
    await rm(join(projectDir, "node_modules/@scope"), { recursive: true });
    await expect(stageDeployment({ projectDir, outDir: join(projectDir, "out") })).rejects.toThrow(
      "node_modules/@scope/also is in package-lock.json but not installed",
    );
  });
});

describe(".funcignore", () => {
  const ignored = (text: string, path: string, kind: "file" | "folder" = "file") =>
    parseFuncignore(text)(path, kind);

  it.each([
    ["*.ts", "a/b.ts", true],
    ["*.ts", "a/b.tsx", false],
    ["/root.js", "root.js", true],
    ["/root.js", "a/root.js", false],
    ["docs/*.md", "docs/a.md", true],
    ["docs/*.md", "docs/deep/a.md", false],
    ["docs/**", "docs/deep/a.md", true],
    ["**/fixtures", "test/lab/fixtures", true],
    ["?.js", "a.js", true],
    ["a.b", "axb", false],
    ["#a", "#a", false],
    ["", "a", false],
    ["*.js\n!keep.js", "dist/keep.js", false],
    ["!keep.js\n*.js", "dist/keep.js", true],
  ])("%j decides about %s: ignored %s", (text, path, expected) => {
    expect(ignored(text, path)).toBe(expected);
  });

  it("means folders only with a slash at the end", () => {
    expect([ignored("dist/", "a/dist", "folder"), ignored("dist/", "a/dist", "file")]).toEqual([true, false]);
  });
});
