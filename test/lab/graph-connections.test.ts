import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as greet } from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { testLab } from "./graph-world.ts";

/** Ends with the test. */
function kept<S extends Socket>(socket: S): S {
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Somebody who got no processor in the middle of a handshake has not come to rest: a call of theirs is on its way. */
test("the lab is busy until a connection is made, and when that is broken off", async () => {
  const { lab, certificates } = await testLab();
  const { port } = new URL(lab.url);
  expect(lab.busy()).toEqual([]);

  const halfway = kept(connect(Number(port), "127.0.0.1"));
  await vi.waitFor(() =>
    expect(lab.busy()).toEqual([`a connection from port ${halfway.localPort} is being made`]),
  );
  halfway.destroy();
  await vi.waitFor(() => expect(lab.busy()).toEqual([]));

  const made = kept(greet({ host: "localhost", port: Number(port), ca: certificates.caPem }));
  await once(made, "secureConnect");
  await vi.waitFor(() => expect(lab.busy()).toEqual([]));
});
