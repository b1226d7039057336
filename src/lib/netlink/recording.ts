// A transport that keeps what goes through it, so that a dump shows the bytes beside what we made of them.
import type { Transport } from './transport.ts';

export interface Datagram {
  readonly direction: 'sent' | 'received';
  readonly bytes: Buffer;
}

export class RecordingTransport implements Transport {
  readonly #transport: Transport;
  readonly #record: (datagram: Datagram) => void;

  constructor(transport: Transport, record: (datagram: Datagram) => void) {
    this.#transport = transport;
    this.#record = record;
  }

  send(datagram: Buffer): void {
    this.#record({ direction: 'sent', bytes: Buffer.from(datagram) });
    this.#transport.send(datagram);
  }

  receive(): Buffer {
    const datagram = this.#transport.receive();
    this.#record({ direction: 'received', bytes: Buffer.from(datagram) });
    return datagram;
  }

  close(): void {
    this.#transport.close();
  }
}
