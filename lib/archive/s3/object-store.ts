import { createHash, randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Readable } from "node:stream";
import type {
	ListMultipartUploadsCommandOutput,
	ListObjectsV2CommandOutput,
	S3Client,
} from "@aws-sdk/client-s3";
import { attempts, type Patience } from "./attempts.js";
import { inParallel } from "./in-parallel.js";
import type { S3Place } from "./place.js";
import { loadSdk, newClient, type S3Sdk } from "./sdk.js";
import {
	isConditionFailed,
	isMissing,
	StoreError,
	storeErrorOf,
} from "./store-error.js";

/** An object, or a part of one, as it was read. */
export interface StoredObject {
	/** Fills its whole `ArrayBuffer`. */
	bytes: Uint8Array<ArrayBuffer>;
	/** Changes with the object's content. */
	etag: string;
	/** Of the whole object. */
	byteLength: number;
	/** Of the whole object when it was written; absent where somebody else has written it, or in parts. */
	sha256?: string;
}

export interface ListedObject {
	/** Without the archive's prefix. */
	key: string;
	byteLength: number;
}

/** What has to be true of the object that is there for a new one to take its place. */
export type Condition = { absent: true } | { etag: string };

/** Which conditions a store heeds; one that does not is not asked to. */
export interface Conditions {
	absent: boolean;
	etag: boolean;
}

/** An object on its way into the store in parts. */
export interface Upload {
	key: string;
	uploadId: string;
	/** Tells this upload's object from every other one. */
	mark: string;
	etags: string[];
}

const SHA256 = "sha256";
const MARK = "upload";
/** Larger objects are read in ranges of this, so that no attempt takes too long. */
const RANGE_BYTES = 8 * 2 ** 20;
const RANGES_AT_ONCE = 4;

/**
 * The objects of one archive, by keys without its prefix: just those requests that an archive needs, each in attempts
 * of limited number and length. Everything rejects with {@link StoreError}.
 */
export class ObjectStore {
	readonly place: S3Place;
	/** Which conditions the store heeds; all, until somebody has found out. */
	conditions: Conditions = { absent: true, etag: true };
	readonly #sdk: S3Sdk;
	readonly #client: S3Client;
	readonly #patience: Patience;
	readonly #soon = new AbortController();
	readonly #now = new AbortController();
	readonly #secrets: readonly string[];

	private constructor(sdk: S3Sdk, place: S3Place, patience: Patience) {
		this.place = place;
		this.#sdk = sdk;
		this.#client = newClient(sdk, place);
		this.#patience = patience;
		this.#secrets = Object.values(place.credentials ?? {});
		// Every attempt listens, and there may be more of them than the ten that Node takes for a leak.
		setMaxListeners(0, this.#soon.signal, this.#now.signal);
	}

	/** @throws ArchiverError INVALID_OPTION when the SDK is not installed */
	static async open(place: S3Place, patience: Patience): Promise<ObjectStore> {
		return new ObjectStore(await loadSdk(), place, patience);
	}

	/** Reads an object whole. @throws StoreError, see `isMissing` */
	async get(key: string): Promise<StoredObject> {
		const first = await this.getRange(key, { length: RANGE_BYTES });
		const { bytes, etag, byteLength, sha256 } = first;
		if (bytes.byteLength === byteLength) return first;
		const whole = new Uint8Array(byteLength);
		whole.set(bytes);
		await inParallel(
			offsetsFrom(bytes.byteLength, byteLength),
			async (offset) => {
				const length = Math.min(RANGE_BYTES, byteLength - offset);
				const range = await this.getRange(key, { offset, length, etag });
				whole.set(range.bytes, offset);
			},
			RANGES_AT_ONCE,
		);
		return { bytes: whole, etag, byteLength, sha256 };
	}

	/**
	 * Reads a part of an object: `length` bytes from `offset`, or the last `length` bytes where there is none; fewer when
	 * the object ends before.
	 *
	 * @param range.etag - Of the object that is meant; another one is as good as none, see `isConditionFailed`.
	 */
	async getRange(
		key: string,
		{
			offset = 0,
			length,
			last = false,
			etag,
		}: { offset?: number; length: number; last?: boolean; etag?: string },
	): Promise<StoredObject> {
		const range = last ? `-${length}` : `${offset}-${offset + length - 1}`;
		try {
			return await this.#attempts(async (abortSignal) => {
				const answer = await this.#client.send(
					new this.#sdk.GetObjectCommand({
						...this.#object(key),
						Range: `bytes=${range}`,
						...(etag !== undefined && { IfMatch: etag }),
					}),
					{ abortSignal },
				);
				const bytes = await bytesOf(
					answer.Body,
					abortSignal,
					answer.ContentLength,
				);
				const total = /\/(\d+)$/.exec(answer.ContentRange ?? "")?.[1];
				return {
					bytes,
					etag: etagOf(answer.ETag),
					byteLength: total === undefined ? bytes.byteLength : Number(total),
					sha256: answer.Metadata?.[SHA256],
				};
			});
		} catch (error) {
			// Of an empty object no range can be had.
			if (!(error instanceof StoreError) || error.status !== 416) throw error;
			const empty = await this.#head(key);
			if (empty.ContentLength !== 0) throw error;
			const { ETag } = empty;
			return { bytes: new Uint8Array(0), etag: etagOf(ETag), byteLength: 0 };
		}
	}

	/** Whether there is an object with this key. */
	async has(key: string): Promise<boolean> {
		try {
			await this.#head(key);
			return true;
		} catch (error) {
			if (isMissing(error)) return false;
			throw error;
		}
	}

	/**
	 * Writes an object whole. A condition that fails because of an earlier attempt, whose answer was lost, has held.
	 *
	 * @returns its ETag.
	 * @throws StoreError, see `isConditionFailed`
	 */
	async put(
		key: string,
		bytes: Uint8Array,
		condition?: Condition,
	): Promise<string> {
		const sha256 = sha256Of(bytes);
		const heeded = condition && this.#heeded(condition);
		try {
			const { ETag } = await this.#attempts((abortSignal) =>
				this.#client.send(
					new this.#sdk.PutObjectCommand({
						...this.#object(key),
						Body: bytes,
						Metadata: { [SHA256]: sha256 },
						...heeded,
					}),
					{ abortSignal },
				),
			);
			return etagOf(ETag);
		} catch (error) {
			if (!isConditionFailed(error)) throw error;
			const own = await this.#findMarked(key, SHA256, sha256);
			if (own === undefined) throw error;
			return own;
		}
	}

	/** Copies an object within the store. */
	async copy(from: string, to: string): Promise<void> {
		const { bucket, prefix } = this.place;
		const source = `${bucket}/${prefix}${from}`;
		await this.#attempts((abortSignal) =>
			this.#client.send(
				new this.#sdk.CopyObjectCommand({
					...this.#object(to),
					CopySource: source.split("/").map(encodeURIComponent).join("/"),
				}),
				{ abortSignal },
			),
		);
	}

	/** Removes an object; that it is not there is no error. */
	async delete(key: string, { once = false } = {}): Promise<void> {
		await this.#attempts(
			(abortSignal) =>
				this.#client.send(
					new this.#sdk.DeleteObjectCommand(this.#object(key)),
					{ abortSignal },
				),
			{ once },
		);
	}

	/** Objects whose keys begin with `start`, in the order of the keys' bytes. */
	async *list(start: string): AsyncGenerator<ListedObject> {
		// The archive's own folder may be an object too, made by a store's console.
		for await (const { Contents = [] } of this.#pages(start))
			for (const { Key, Size } of Contents)
				if (this.#ownKey(Key) !== "")
					yield { key: this.#ownKey(Key), byteLength: Size ?? 0 };
	}

	/** The names of the folders directly below `folder`, which is empty or ends with a slash. */
	async folderNames(folder: string): Promise<string[]> {
		const names: string[] = [];
		for await (const { CommonPrefixes = [] } of this.#pages(folder, "/"))
			for (const { Prefix } of CommonPrefixes)
				names.push(this.#ownKey(Prefix).slice(folder.length, -1));
		return names;
	}

	async beginUpload(key: string): Promise<Upload> {
		const mark = randomUUID();
		const { UploadId } = await this.#attempts((abortSignal) =>
			this.#client.send(
				new this.#sdk.CreateMultipartUploadCommand({
					...this.#object(key),
					Metadata: { [MARK]: mark },
				}),
				{ abortSignal },
			),
		);
		return { key, uploadId: UploadId ?? "", mark, etags: [] };
	}

	/** All parts but the last have to be of 5 MiB or more, and of one size for some stores. */
	async uploadPart(upload: Upload, bytes: Uint8Array): Promise<void> {
		const { ETag } = await this.#attempts((abortSignal) =>
			this.#client.send(
				new this.#sdk.UploadPartCommand({
					...this.#object(upload.key),
					UploadId: upload.uploadId,
					PartNumber: upload.etags.length + 1,
					Body: bytes,
				}),
				{ abortSignal },
			),
		);
		upload.etags.push(ETag ?? "");
	}

	/** Makes the object of the parts. */
	async completeUpload({ key, uploadId, mark, etags }: Upload): Promise<void> {
		const Parts = etags.map((ETag, i) => ({ ETag, PartNumber: i + 1 }));
		try {
			await this.#attempts((abortSignal) =>
				this.#client.send(
					new this.#sdk.CompleteMultipartUploadCommand({
						...this.#object(key),
						UploadId: uploadId,
						MultipartUpload: { Parts },
					}),
					{ abortSignal },
				),
			);
		} catch (error) {
			// An earlier attempt, whose answer was lost, has ended the upload.
			const ended =
				error instanceof StoreError && error.code === "NoSuchUpload";
			if (!ended) throw error;
			if ((await this.#findMarked(key, MARK, mark)) === undefined) throw error;
		}
	}

	/** Removes the parts; that there are none any more is no error. */
	async abortUpload(upload: Pick<Upload, "key" | "uploadId">): Promise<void> {
		try {
			await this.#attempts(
				(abortSignal) =>
					this.#client.send(
						new this.#sdk.AbortMultipartUploadCommand({
							...this.#object(upload.key),
							UploadId: upload.uploadId,
						}),
						{ abortSignal },
					),
				{ once: true },
			);
		} catch (error) {
			if (!(error instanceof StoreError) || error.code !== "NoSuchUpload")
				throw error;
		}
	}

	/** Uploads that were begun and not ended, by whomever. */
	async unfinishedUploads(): Promise<Pick<Upload, "key" | "uploadId">[]> {
		const found: Pick<Upload, "key" | "uploadId">[] = [];
		const { bucket, prefix } = this.place;
		let from: Pick<
			ListMultipartUploadsCommandOutput,
			"KeyMarker" | "UploadIdMarker"
		> = {};
		let isLast = false;
		while (!isLast) {
			const input = { Bucket: bucket, Prefix: prefix, ...from };
			const page: ListMultipartUploadsCommandOutput = await this.#attempts(
				(abortSignal) =>
					this.#client.send(new this.#sdk.ListMultipartUploadsCommand(input), {
						abortSignal,
					}),
			);
			for (const { Key, UploadId } of page.Uploads ?? [])
				found.push({ key: this.#ownKey(Key), uploadId: UploadId ?? "" });
			from = {
				KeyMarker: page.NextKeyMarker,
				UploadIdMarker: page.NextUploadIdMarker,
			};
			isLast = page.IsTruncated !== true;
		}
		return found;
	}

	/** Tries nothing again any more: each request that is under way ends within the time for one. */
	hurry(): void {
		this.#soon.abort();
	}

	/** Ends what is under way. */
	close(): void {
		this.#soon.abort();
		this.#now.abort();
		this.#client.destroy();
	}

	async *#pages(
		start: string,
		delimiter?: string,
	): AsyncGenerator<ListObjectsV2CommandOutput> {
		const { bucket, prefix } = this.place;
		let token: string | undefined;
		do {
			const from: string | undefined = token;
			const page: ListObjectsV2CommandOutput = await this.#attempts(
				(abortSignal) =>
					this.#client.send(
						new this.#sdk.ListObjectsV2Command({
							Bucket: bucket,
							Prefix: prefix + start,
							Delimiter: delimiter,
							ContinuationToken: from,
						}),
						{ abortSignal },
					),
			);
			yield page;
			token = page.NextContinuationToken;
		} while (token !== undefined);
	}

	#head(key: string) {
		return this.#attempts((abortSignal) =>
			this.#client.send(new this.#sdk.HeadObjectCommand(this.#object(key)), {
				abortSignal,
			}),
		);
	}

	/** The ETag of an object that carries this mark; undefined: it does not. */
	async #findMarked(
		key: string,
		name: string,
		mark: string,
	): Promise<string | undefined> {
		try {
			const { Metadata, ETag } = await this.#head(key);
			return Metadata?.[name] === mark ? etagOf(ETag) : undefined;
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw error;
		}
	}

	#heeded(condition: Condition): { IfNoneMatch?: string; IfMatch?: string } {
		if ("absent" in condition)
			return this.conditions.absent ? { IfNoneMatch: "*" } : {};
		return this.conditions.etag ? { IfMatch: condition.etag } : {};
	}

	#object(key: string): { Bucket: string; Key: string } {
		const { bucket, prefix } = this.place;
		return { Bucket: bucket, Key: prefix + key };
	}

	#ownKey(key = ""): string {
		return key.slice(this.place.prefix.length);
	}

	#attempts<T>(
		send: (signal: AbortSignal) => Promise<T>,
		{ once = false } = {},
	): Promise<T> {
		const patience = once ? { ...this.#patience, retries: 0 } : this.#patience;
		return attempts(
			send,
			(error) => storeErrorOf(error, this.#secrets),
			patience,
			{ soon: this.#soon.signal, now: this.#now.signal },
		);
	}
}

export function sha256Of(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}

function* offsetsFrom(start: number, end: number): Generator<number> {
	for (let offset = start; offset < end; offset += RANGE_BYTES) yield offset;
}

/** Some stores compare it without the quotes that it comes in, and all without. */
function etagOf(header = ""): string {
	return header.replace(/^"|"$/g, "");
}

async function bytesOf(
	body: unknown,
	signal: AbortSignal,
	byteLength = 0,
): Promise<Uint8Array<ArrayBuffer>> {
	const stream = body as Readable;
	const onAbort = () => stream.destroy(new Error("aborted"));
	signal.addEventListener("abort", onAbort, { once: true });
	const bytes = new Uint8Array(byteLength);
	let done = 0;
	try {
		if (signal.aborted) onAbort();
		for await (const piece of stream as AsyncIterable<Uint8Array>) {
			if (done + piece.byteLength > byteLength) break;
			bytes.set(piece, done);
			done += piece.byteLength;
		}
	} finally {
		signal.removeEventListener("abort", onAbort);
	}
	if (done === byteLength) return bytes;
	throw new StoreError("Cut", `${done} of ${byteLength} bytes came`);
}
