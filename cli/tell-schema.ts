import { writeFile } from "node:fs/promises";
import { errorText } from "../shared/model/error-text.ts";

type Options = {
  /** What `--write` says: a file, or true for the usual one; left out: print it. */
  readonly write: string | true | undefined;
  readonly usual: string;
};

/** Prints a schema that is made of the code, or writes it to its file. @returns the exit code */
export async function tellSchema(schema: unknown, { write, usual }: Options): Promise<number> {
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (write === undefined) {
    process.stdout.write(text);
    return 0;
  }
  const file = write === true ? usual : write;
  try {
    await writeFile(file, text);
  } catch (error) {
    console.error(`cannot write ${file}: ${errorText(error)}`);
    return 2;
  }
  console.log(`wrote ${file}`);
  return 0;
}
