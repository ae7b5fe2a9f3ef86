import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** Where a series was measured: on a host, or on one of its devices. */
export interface SeriesPlace {
	cluster: string;
	host: string;
	metric: string;
	type?: string;
	id?: string;
}

/** Samples that a store holds, the first of them taken at `from`, in Unix seconds. NaN where there is none. */
export interface StoredSeries {
	from: number;
	/** Seconds from one sample to the next. */
	frequency: number;
	samples: ArrayLike<number>;
	/** The samples as they are written, where that is quicker than writing numbers. */
	texts?: readonly string[];
}

export interface StoreQuery {
	metric: string;
	host: string;
	resolution: number;
	aggreg: boolean;
	type?: string;
	"type-ids"?: string[];
}

export interface StoreRequest {
	cluster: string;
	from: number;
	to: number;
	"with-stats"?: boolean;
	"with-data"?: boolean;
	"with-padding"?: boolean;
	queries: StoreQuery[];
}

/** What goes wrong with a request. */
export type Fault =
	/** Another status, with headers and a text. */
	| { status: number; headers?: Record<string, string>; text?: string }
	/** Status 200 with this text instead of the answer. */
	| { text: string }
	/** Status 200 with so many bytes of blanks in front of the answer. */
	| { blanks: number }
	/** Half of the answer, then the connection breaks. */
	| "cut"
	/** The connection breaks before there is an answer. */
	| "drop"
	/** No answer, ever. */
	| "hang";

export interface StoreOptions {
	/** Finds a series, of which at least what the request asks for; undefined where the store knows nothing of it. */
	find(place: SeriesPlace, request: StoreRequest): StoredSeries | undefined;
	/** The message that a place's entry has instead of samples. */
	failing?(place: SeriesPlace): string | undefined;
	/** What goes wrong with the n-th request, counted from 0. */
	fault?(n: number): Fault | undefined | Promise<Fault | undefined>;
	/** True: keeps no requests, of which a long run makes many. */
	forgetful?: boolean;
	/** True: the same request gets the same answer, which is not made again. */
	remembers?: boolean;
	/** Who does not send it is turned away. */
	token?: string;
}

/** Series by place, for stores that hold what a test puts in. */
export class StoredData {
	readonly #series = new Map<string, StoredSeries>();

	put(place: SeriesPlace, series: StoredSeries): this {
		this.#series.set(keyOf(place), series);
		return this;
	}

	readonly find = (place: SeriesPlace): StoredSeries | undefined =>
		this.#series.get(keyOf(place));
}

/**
 * ClusterCockpit's metric store as its HTTP interface is described, over loopback: one row a query, one entry a device;
 * devices without data silently left out; padding in front unless it is declined, while `from` stays as it was.
 */
export class MetricStoreServer {
	/** As they came in, those that went wrong included. */
	readonly requests: StoreRequest[] = [];
	readonly requestBytes: number[] = [];
	readonly arrivalsMs: number[] = [];
	readonly #options: StoreOptions;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #remembered = new Map<string, { text: string }>();

	private constructor(options: StoreOptions) {
		this.#options = options;
		this.#server = createServer(async (request, response) => {
			const body = await textOf(request);
			const n = this.arrivalsMs.push(performance.now()) - 1;
			this.requestBytes.push(Buffer.byteLength(body));
			const fault = await this.#options.fault?.(n);
			const answer = this.#answer(request, body);
			if (fault === "hang") return;
			if (fault === "drop") return request.socket.destroy();
			if (fault === "cut") {
				response.writeHead(200, { "content-length": answer.text.length });
				const half = answer.text.slice(0, answer.text.length / 2);
				return response.write(half, () => request.socket.destroy());
			}
			if (fault !== undefined && "blanks" in fault) {
				response.writeHead(200);
				for (
					let left = fault.blanks;
					left > 0 && !response.destroyed;
					left -= BLANKS.length
				)
					if (!response.write(BLANKS.subarray(0, left)))
						await drained(response);
				return response.end(answer.text);
			}
			const { status = 200, headers, text } = { ...answer, ...fault };
			response.writeHead(status, headers).end(text);
		});
		this.#server.on("connection", (socket) => {
			this.#sockets.add(socket);
			socket.on("close", () => this.#sockets.delete(socket));
		});
	}

	static async start(options: StoreOptions): Promise<MetricStoreServer> {
		const store = new MetricStoreServer(options);
		await new Promise<void>((resolve) => {
			store.#server.listen(0, "127.0.0.1", resolve);
		});
		return store;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Connections that are open. */
	get connections(): number {
		return this.#sockets.size;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#answer(
		{ method, url, headers }: IncomingMessage,
		body: string,
	): { status?: number; headers?: Record<string, string>; text: string } {
		const { token } = this.#options;
		if (token !== undefined && headers.authorization !== `Bearer ${token}`)
			return { status: 401, text: "unauthorized" };
		if (method !== "GET" || url !== "/api/query?version=v2")
			return { status: 404, text: "no such page" };
		const known = this.#remembered.get(body);
		if (known !== undefined) return known;
		const request = JSON.parse(body) as StoreRequest;
		if (this.#options.forgetful !== true) this.requests.push(request);
		const rows = request.queries.map((query) => this.#row(request, query));
		const answer = { text: `{"results":[${rows.join()}]}` };
		if (this.#options.remembers === true) this.#remembered.set(body, answer);
		return answer;
	}

	#row(request: StoreRequest, query: StoreQuery): string {
		const { cluster } = request;
		const { metric, host, type, "type-ids": ids = [] } = query;
		if (query.aggreg) throw new Error("no aggregates are served here");
		const places: SeriesPlace[] =
			type === undefined
				? [{ cluster, host, metric }]
				: ids.map((id) => ({ cluster, host, metric, type, id }));
		const entries = places.flatMap((place) => {
			const error = this.#options.failing?.(place);
			if (error !== undefined)
				return `{"error":${JSON.stringify(error)},"from":0,"to":0,"resolution":0,"avg":0,"min":0,"max":0}`;
			const series = this.#options.find(place, request);
			return series === undefined ? [] : entryOf(request, series);
		});
		return `[${entries.join()}]`;
	}
}

const BLANKS = Buffer.alloc(2 ** 16, " ");

/** The samples from `from` up to `to`, beginning with the first one there is. */
function entryOf(request: StoreRequest, series: StoredSeries): string {
	const { frequency, samples, texts } = series;
	const padding = request["with-padding"] ?? true;
	const from = Math.max(request.from, series.from);
	const first = Math.floor((from - series.from) / frequency);
	const written: string[] = [];
	let to = from;
	for (
		let i = first;
		to < request.to && i < samples.length;
		i++, to += frequency
	)
		written.push(
			texts?.[i] ?? (Number.isNaN(samples[i]) ? "null" : String(samples[i])),
		);
	const missing = Math.floor((from - request.from) / frequency);
	const padded = padding ? Array<string>(missing).fill("null") : [];
	const data = `[${[...padded, ...written].join()}]`;
	return `{"data":${data},"from":${from},"to":${to},"resolution":${frequency},"avg":0,"min":0,"max":0}`;
}

/** Resolves when more can be written, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
	return new Promise((resolve) => {
		const settle = () => {
			response.off("drain", settle).off("close", settle);
			resolve();
		};
		response.on("drain", settle).on("close", settle);
		if (response.destroyed) settle();
	});
}

async function textOf(request: IncomingMessage): Promise<string> {
	const pieces: Buffer[] = [];
	for await (const piece of request) pieces.push(piece);
	return Buffer.concat(pieces).toString();
}

function keyOf({ cluster, host, metric, type, id }: SeriesPlace): string {
	return JSON.stringify([cluster, host, metric, type ?? null, id ?? null]);
}
