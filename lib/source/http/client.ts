import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { ArchiverError, isArchiverError } from "../../errors.js";
import { throwIfAborted } from "../abort.js";
import { excerpt, type HttpBody, readBody } from "./body.js";
import { type HttpOptions, resolveHttpOptions } from "./options.js";
import { parseRetryAfter, retryDelayMs } from "./retry-delay.js";
import { Slots } from "./slots.js";

export interface HttpRequest {
	url: URL;
	method: "GET" | "POST";
	token?: string;
	contentType: string;
	body: string;
	/** A guess at the answer's length, where the server does not tell it. */
	expectedBytes: number;
	/** Makes the buffer for the answer. */
	allocate(byteLength: number): ArrayBuffer;
}

/** What became of one attempt. */
type Outcome =
	| { body: HttpBody }
	| { error: ArchiverError; retryAfterMs?: number };

const TOO_MANY_REQUESTS = 429;

/**
 * Asks servers over HTTP: so many requests at once, each with a time limit, and again when its failure may pass. These
 * are connections that fail or break off, attempts that take too long, and answers with status 5xx or 429.
 */
export class HttpClient {
	readonly #what: string;
	readonly #options: Required<HttpOptions>;
	readonly #slots: Slots;
	readonly #agent: Agent;
	readonly #closing = new AbortController();

	/**
	 * @param what - What a server is called in messages, such as `metric store`.
	 * @throws ArchiverError INVALID_OPTION
	 */
	constructor(what: string, options: HttpOptions) {
		this.#what = what;
		this.#options = resolveHttpOptions(options);
		this.#slots = new Slots(this.#options.concurrency);
		// undici's own limits are for silence between two bytes; ours is for the whole attempt.
		this.#agent = new Agent({
			connections: this.#options.concurrency,
			headersTimeout: 0,
			bodyTimeout: 0,
		});
	}

	/**
	 * The bodies of the answers to `requests`, in their order. When one fails, the others are given up.
	 *
	 * @throws ArchiverError SOURCE_UNAVAILABLE (retryable unless the server says that the request is at fault),
	 *   SOURCE_DATA_INVALID for an answer that is too large, ABORTED.
	 */
	async fetchAll(
		requests: readonly HttpRequest[],
		signal: AbortSignal,
	): Promise<HttpBody[]> {
		const giveUp = new AbortController();
		const limits = AbortSignal.any([
			signal,
			giveUp.signal,
			this.#closing.signal,
		]);
		// Every lane listens, and there may be more of them than the ten that Node takes for a leak.
		setMaxListeners(0, limits);
		const bodies: HttpBody[] = [];
		let next = 0;
		const lane = async () => {
			while (next < requests.length) {
				const place = next++;
				bodies[place] = await this.#fetch(requests[place], limits);
			}
		};
		try {
			await Promise.all(
				Array.from({ length: this.#options.concurrency }, lane),
			);
			return bodies;
		} catch (error) {
			giveUp.abort();
			throw error;
		}
	}

	/** Ends what is under way. */
	async close(): Promise<void> {
		this.#closing.abort();
		await this.#agent.destroy();
	}

	async #fetch(request: HttpRequest, signal: AbortSignal): Promise<HttpBody> {
		const { retries, retryDelayMs: firstDelayMs } = this.#options;
		for (let failures = 1; ; failures++) {
			const outcome = await this.#slots.use(signal, () =>
				this.#attempt(request, signal),
			);
			if ("body" in outcome) return outcome.body;
			const { error, retryAfterMs } = outcome;
			const delayMs = retryDelayMs(failures, firstDelayMs, retryAfterMs);
			if (!error.retryable || failures > retries || delayMs === undefined)
				throw failures > 1 ? afterAttempts(error, failures) : error;
			await sleep(delayMs, undefined, { signal }).catch(() => {});
			throwIfAborted(signal);
		}
	}

	async #attempt(request: HttpRequest, signal: AbortSignal): Promise<Outcome> {
		const { timeoutMs } = this.#options;
		const limit = new AbortController();
		const onAbort = () => limit.abort();
		signal.addEventListener("abort", onAbort, { once: true });
		const timer = setTimeout(onAbort, timeoutMs);
		try {
			throwIfAborted(signal);
			return await this.#exchange(request, limit.signal);
		} catch (cause) {
			throwIfAborted(signal);
			if (isArchiverError(cause)) throw cause;
			const what = limit.signal.aborted
				? `did not answer within ${timeoutMs} ms`
				: `failed: ${reasonOf(cause)}`;
			return { error: this.#failure(request, what, { cause }) };
		} finally {
			clearTimeout(timer);
			signal.removeEventListener("abort", onAbort);
		}
	}

	async #exchange(request: HttpRequest, signal: AbortSignal): Promise<Outcome> {
		const { url, method, token, contentType, body } = request;
		const response = await this.#agent.request({
			origin: url.origin,
			path: url.pathname + url.search,
			method,
			headers: {
				accept: "application/json",
				"content-type": contentType,
				...(token !== undefined && { authorization: `Bearer ${token}` }),
			},
			body,
			signal,
			// Else undici gives up a connection after each GET with a body.
			reset: false,
		});
		const { statusCode, headers } = response;
		if (statusCode !== 200) {
			const said = withoutToken(await excerpt(response.body), token);
			const error = this.#failure(
				request,
				`answered with status ${statusCode}${said === "" ? "" : `: ${said}`}`,
				{
					status: statusCode,
					retryable: statusCode >= 500 || statusCode === TOO_MANY_REQUESTS,
				},
			);
			return {
				error,
				retryAfterMs: parseRetryAfter(single(headers["retry-after"])),
			};
		}
		const declared = single(headers["content-length"]);
		return {
			body: await readBody(response.body, {
				...this.#options,
				...request,
				declaredBytes: declared === undefined ? undefined : Number(declared),
				path: pathOf(request),
			}),
		};
	}

	#failure(
		request: HttpRequest,
		what: string,
		{
			status,
			retryable = true,
			cause,
		}: { status?: number; retryable?: boolean; cause?: unknown },
	): ArchiverError {
		const path = pathOf(request);
		return new ArchiverError(
			"SOURCE_UNAVAILABLE",
			`${this.#what} ${path} ${what}`,
			{ path, ...(status !== undefined && { received: status }) },
			{ cause, retryable },
		);
	}
}

/** The address without its query, which may be long. */
function pathOf({ url }: HttpRequest): string {
	return url.origin + url.pathname;
}

function reasonOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}

/** A server may quote what it was sent. */
function withoutToken(text: string, token: string | undefined): string {
	return token === undefined ? text : text.replaceAll(token, "***");
}

function single(header: string | string[] | undefined): string | undefined {
	return Array.isArray(header) ? header[0] : header;
}

function afterAttempts(error: ArchiverError, attempts: number): ArchiverError {
	return new ArchiverError(
		error.code,
		`${error.message} (the last of ${attempts} attempts)`,
		error.details,
		{ cause: error.cause, retryable: error.retryable },
	);
}
