import { once } from "node:events";
import {
	createServer,
	request as httpRequest,
	type IncomingHttpHeaders,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** What becomes of a request. */
export type Fate =
	/** It gets there, and its answer back. */
	| "relayed"
	/** It gets there, and the connection breaks before the answer is back. */
	| "answer lost"
	/** The connection breaks before it gets there. */
	| "lost"
	/** Nothing ever comes back, and it does not get there. */
	| "unanswered"
	/** The store is out of order, or out of space. */
	| { status: number; code: string }
	/** Somebody writes the object in the store's place, and says its ETag. */
	| ((body: Buffer, headers: IncomingHttpHeaders) => Promise<string>);

export interface RelayedRequest {
	method: string;
	/** Without the bucket, with the archive's prefix. */
	key: string;
	query: URLSearchParams;
	conditional: boolean;
}

/** Somebody between an archive and its store, on loopback, who counts and disturbs. The store's signatures hold. */
export class S3Relay {
	/** Of all answers to GET. */
	bytesRead = 0;
	readonly requests: RelayedRequest[] = [];
	/** Decides over each request. */
	fate: (request: RelayedRequest) => Fate | Promise<Fate> = () => "relayed";
	readonly #target: URL;
	readonly #server: Server;

	private constructor(target: string) {
		this.#target = new URL(target);
		this.#server = createServer((request, response) => {
			this.#answer(request, response).catch(() => response.destroy());
		});
	}

	/** @param target - The store's endpoint. */
	static async start(target: string): Promise<S3Relay> {
		const relay = new S3Relay(target);
		relay.#server.listen(0, "127.0.0.1");
		await once(relay.#server, "listening");
		return relay;
	}

	get endpoint(): string {
		const { port } = this.#server.address() as AddressInfo;
		return `http://127.0.0.1:${port}`;
	}

	async close(): Promise<void> {
		this.#server.close();
		this.#server.closeAllConnections();
		await once(this.#server, "close");
	}

	async #answer(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const url = new URL(request.url ?? "", this.#target);
		const { method = "GET", headers } = request;
		const relayed: RelayedRequest = {
			method,
			key: decodeURIComponent(url.pathname.replace(/^\/[^/]*\/?/, "")),
			query: url.searchParams,
			conditional: "if-match" in headers || "if-none-match" in headers,
		};
		this.requests.push(relayed);
		const fate = await this.fate(relayed);
		if (fate === "lost") return void request.socket.destroy();
		if (fate === "unanswered") return;
		if (typeof fate === "function") {
			const body = Buffer.concat(await request.toArray());
			response.writeHead(200, { etag: await fate(body, headers) }).end();
			return;
		}
		if (typeof fate === "object") {
			request.resume();
			await once(request, "end");
			response.writeHead(fate.status, { "content-type": "application/xml" });
			response.end(`<Error><Code>${fate.code}</Code></Error>`);
			return;
		}
		const answer = await this.#forward(request);
		if (fate === "answer lost") {
			answer.resume();
			return void request.socket.destroy();
		}
		if (method === "GET")
			answer.on("data", (bytes: Buffer) => {
				this.bytesRead += bytes.byteLength;
			});
		response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
		await pipeline(answer, response);
	}

	async #forward(request: IncomingMessage): Promise<IncomingMessage> {
		const { hostname, port } = this.#target;
		const { method, url: path, headers } = request;
		const forwarded = httpRequest({ hostname, port, method, path, headers });
		const answered = once(forwarded, "response");
		request.pipe(forwarded);
		const [answer] = await answered;
		return answer;
	}
}
