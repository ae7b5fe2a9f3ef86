import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import {
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListMultipartUploadsCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	type S3Client,
} from "@aws-sdk/client-s3";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { S3Configuration } from "../../../lib/archive/s3/place.js";
import type { JobKey } from "../../../lib/schema/job.js";
import {
	type CephGateway,
	S3_BUCKET,
	S3_CREDENTIALS,
} from "../../servers/ceph-rgw.js";
import type { ArchivePlace } from "../contract/archive-place.js";

/**
 * With two objects each, more than a store lists in one page. `S3_JOBS=10000` makes it ten thousand, each of which takes the
 * gateway eight requests.
 */
const MANY_JOBS = Number(process.env.S3_JOBS ?? 550);

const RESPONSE_CHANNEL = "http.client.response.finish";

interface HttpExchange {
	request: ClientRequest;
	response: IncomingMessage;
}

/** A place for an archive in the gateway's bucket, behind a prefix of its own. */
export class S3Place implements ArchivePlace {
	readonly configuration: S3Configuration;
	readonly client: S3Client;
	readonly manyJobs = MANY_JOBS;
	readonly damage: ArchivePlace["damage"] = {
		data: async (key, change) => {
			const object = await this.#dataKeyOf(key);
			const changed = change(await this.get(object));
			await (changed === undefined
				? this.remove(object)
				: this.put(object, changed));
		},
		meta: (key, text) => this.put(`${jobFolder(key)}/meta.json`, text),
		cluster: (name, text) => this.put(`${name}/cluster.json`, text),
		version: (text) => this.put("version.txt", text),
	};

	/** @param endpoint - Of the gateway, or of somebody between it and the archive. */
	constructor(gateway: CephGateway, endpoint = gateway.endpoint) {
		this.client = gateway.client();
		this.configuration = {
			kind: "s3",
			endpoint,
			bucket: S3_BUCKET,
			prefix: randomUUID(),
			region: "us-east-1",
			"access-key": S3_CREDENTIALS.accessKeyId,
			"secret-key": S3_CREDENTIALS.secretAccessKey,
			"use-path-style": true,
		};
	}

	/** Its target for the command line, which finds who may write there in {@link environment}. */
	get address(): string {
		const { bucket, prefix, endpoint = "" } = this.configuration;
		const parameters = new URLSearchParams({ endpoint, pathStyle: "true" });
		return `s3://${bucket}/${prefix}?${parameters}`;
	}

	/** Variables that the SDK reads. */
	readonly environment = {
		AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
		AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
		NODE_NO_WARNINGS: "1",
	};

	readonly open: ArchivePlace["open"] = (options) =>
		openArchive(this.configuration, options);

	/** As the answers to all GET requests of this process say how long they are. */
	readonly bytesRead: ArchivePlace["bytesRead"] = async (
		_archive,
		_key,
		read,
	) => {
		let bytes = 0;
		const count = (message: unknown) => {
			const { request, response } = message as HttpExchange;
			if (request.method === "GET")
				bytes += Number(response.headers["content-length"]);
		};
		subscribe(RESPONSE_CHANNEL, count);
		await read();
		unsubscribe(RESPONSE_CHANNEL, count);
		return bytes;
	};

	/** Keys, without the random part of those that have one, and uploads that were not ended. The lock and the journal of an open archive are no content. */
	async contents(): Promise<string[]> {
		const uploads = await this.client.send(
			new ListMultipartUploadsCommand({
				Bucket: S3_BUCKET,
				Prefix: `${this.configuration.prefix}/`,
			}),
		);
		const parts = (uploads.Uploads ?? []).map(({ Key }) => `parts of ${Key}`);
		const keys = (await this.keys()).map((key) =>
			key.replace(/data-[0-9a-f]{16}/, "data-*"),
		);
		const own = ["hpc-job-archiver.lock", "hpc-job-archiver.journal"];
		return [...keys.filter((key) => !own.includes(key)), ...parts].sort();
	}

	/** Of all objects of the archive, without its prefix, sorted. */
	async keys(): Promise<string[]> {
		const prefix = `${this.configuration.prefix}/`;
		const keys: string[] = [];
		let token: string | undefined;
		do {
			const page = await this.client.send(
				new ListObjectsV2Command({
					Bucket: S3_BUCKET,
					Prefix: prefix,
					ContinuationToken: token,
				}),
			);
			for (const { Key = "" } of page.Contents ?? [])
				keys.push(Key.slice(prefix.length));
			token = page.NextContinuationToken;
		} while (token !== undefined);
		return keys;
	}

	async get(key: string): Promise<Uint8Array> {
		const { Body } = await this.client.send(
			new GetObjectCommand(this.#object(key)),
		);
		return (await Body?.transformToByteArray()) ?? new Uint8Array(0);
	}

	async put(key: string, body: Uint8Array | string): Promise<void> {
		await this.client.send(
			new PutObjectCommand({ ...this.#object(key), Body: body }),
		);
	}

	/** The SHA-256 that was said of an object when it was written. */
	async hashOf(key: string): Promise<string> {
		const { Metadata } = await this.client.send(
			new HeadObjectCommand(this.#object(key)),
		);
		return Metadata?.sha256 ?? "";
	}

	/** @returns the object's ETag. */
	async putWithHash(
		key: string,
		body: Uint8Array | string,
		sha256: string,
	): Promise<string> {
		const { ETag = "" } = await this.client.send(
			new PutObjectCommand({
				...this.#object(key),
				Body: body,
				Metadata: { sha256 },
			}),
		);
		return ETag;
	}

	async remove(key: string): Promise<void> {
		await this.client.send(new DeleteObjectCommand(this.#object(key)));
	}

	async close(): Promise<void> {
		for (const key of await this.keys()) await this.remove(key);
		this.client.destroy();
	}

	async #dataKeyOf(key: JobKey): Promise<string> {
		const found = (await this.keys()).find((name) =>
			name.startsWith(`${jobFolder(key)}/data`),
		);
		if (found === undefined) throw new Error("the job has no data");
		return found;
	}

	#object(key: string): { Bucket: string; Key: string } {
		return { Bucket: S3_BUCKET, Key: `${this.configuration.prefix}/${key}` };
	}
}
