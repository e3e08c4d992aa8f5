import { expect, test } from "vitest";
import { together } from "../../shared/state/together.ts";

const row = { partitionKey: "p", rowKey: "r" };

/** A table that answers when it is told to, with how often it was asked. */
function table() {
  const answers: PromiseWithResolvers<number>[] = [];
  const read = together(() => {
    const answer = Promise.withResolvers<number>();
    answers.push(answer);
    return answer.promise;
  });
  return { read, answers };
}

test("who asks while an answer is under way has the next one, together with all who ask until then", async () => {
  const { read, answers } = table();
  const first = read(row);
  const [second, third] = [read(row), read(row)];
  answers[0]?.resolve(1);
  expect(await first).toBe(1);
  await Promise.resolve();
  const fourth = read(row);
  answers[1]?.resolve(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await Promise.resolve();
  answers[2]?.resolve(3);
  expect(await fourth).toBe(3);
  expect(answers).toHaveLength(3);
});

test("one that fails is nobody else's failure but of those who asked together", async () => {
  const { read, answers } = table();
  const first = read(row);
  const second = read(row);
  answers[0]?.reject(new Error("no answer"));
  await expect(first).rejects.toThrow("no answer");
  await Promise.resolve();
  answers[1]?.resolve(2);
  expect(await second).toBe(2);
});

test("other rows do not wait", async () => {
  const { read, answers } = table();
  void read(row);
  const other = read({ ...row, rowKey: "other" });
  answers[1]?.resolve(2);
  expect(await other).toBe(2);
});
