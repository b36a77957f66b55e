/** A network line to a server, as slow as a visitor's. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Line extends AsyncDisposable {
  /** The server's address through the line. */
  url: string;
  /** Bytes that came from the server. */
  received(): number;
}

/** The state of one direction. */
interface Direction {
  /** When all bytes sent so far will have left, in milliseconds. */
  free: number;
  bytes: number;
}

/** A line of so many bits a second in each direction, with so many milliseconds from end to end. */
export async function lineTo(url: string, bitsPerSecond: number, delay: number): Promise<Line> {
  const { hostname, port } = new URL(url);
  const [up, down]: [Direction, Direction] = [
    { free: 0, bytes: 0 },
    { free: 0, bytes: 0 },
  ];
  const sockets = new Set<Socket>();
  const add = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // A browser that ends closes connections that it no longer needs.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((visitor) => {
    const [near, far] = [add(visitor), add(connect(Number(port), hostname))];
    void carry(near, far, up, bitsPerSecond, delay);
    void carry(far, near, down, bitsPerSecond, delay);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const own = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own.port}/`,
    received: () => down.bytes,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function carry(from: Socket, to: Socket, direction: Direction, bits: number, delay: number): Promise<void> {
  let last = Promise.resolve();
  try {
    for await (const part of from as AsyncIterable<Buffer>) {
      direction.bytes += part.length;
      direction.free = Math.max(direction.free, performance.now()) + (8e3 * part.length) / bits;
      const arrival = direction.free + delay;
      last = last.then(async () => {
        await until(arrival);
        if (!to.destroyed) to.write(part);
      });
      // The sender has to wait while the line is full.
      await until(direction.free);
    }
  } catch {
    // A connection that fails ends the other one, below.
  }
  await last;
  to.end();
}

async function until(moment: number): Promise<void> {
  const wait = moment - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
}
