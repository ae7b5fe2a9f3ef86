import { type Environment, resolveOptions } from "../config.js";
import { ArchiverError } from "../errors.js";
import type { Archive } from "./archive.js";
import { FileArchive, type FileArchiveOptions } from "./file/file-archive.js";
import type { S3Configuration } from "./s3/place.js";
import { S3Archive, type S3ArchiveOptions } from "./s3/s3-archive.js";
import {
	SqliteArchive,
	type SqliteArchiveOptions,
} from "./sqlite/sqlite-archive.js";

/**
 * Where an archive lies: `file:PATH`, a bare path, `sqlite:PATH`, `s3://BUCKET/PREFIX?endpoint=…`, or ClusterCockpit's own
 * configuration object.
 */
export type ArchiveTarget =
	| string
	| S3Configuration
	| { kind: string; path?: string; "db-path"?: string };

/** Of these, what the environment knows is taken from there when it is not given. */
export interface OpenArchiveOptions
	extends FileArchiveOptions,
		SqliteArchiveOptions,
		S3ArchiveOptions {
	/** Read instead of `process.env`. */
	env?: Environment;
}

/** Two letters at least, so that a Windows drive is no scheme. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens an archive, or makes one where there is none.
 *
 * @throws ArchiverError INVALID_INPUT for a target that is none; ARCHIVE_VERSION for a kind, or a version, that this
 * release does not know, and for a folder that holds something else; ARCHIVE_LOCKED when another process has it open for
 * writing; INVALID_OPTION; and why it cannot be read or made
 */
export async function openArchive(
	target: ArchiveTarget,
	options: OpenArchiveOptions = {},
): Promise<Archive> {
	const { format, compression, fsync, env } = options;
	const { writerParallelFiles, writerNice } = options;
	const given = {
		format,
		compression,
		fsync,
		writerParallelFiles,
		writerNice,
	};
	const resolved = resolveOptions(given, env);
	const { kind, path } = parseTarget(target);
	const effective = {
		...options,
		format: resolved.format,
		compression: resolved.compression,
		fsync: resolved.fsync,
		writerParallelFiles: resolved.writerParallelFiles,
		writerNice: resolved.writerNice,
	};
	switch (kind) {
		case "file":
			return FileArchive.open(path, effective);
		case "sqlite":
			return SqliteArchive.open(path, effective);
		case "s3":
			return S3Archive.open(target as string | S3Configuration, effective);
		default:
			throw new ArchiverError(
				"ARCHIVE_VERSION",
				`archives of kind ${JSON.stringify(kind)} are not supported; this release knows "file:PATH", "sqlite:PATH" and "s3://BUCKET"`,
				{ field: "target", received: kind },
			);
	}
}

function parseTarget(target: ArchiveTarget): { kind: string; path: string } {
	if (typeof target === "string") {
		const [prefix = "", kind = "file"] = SCHEME.exec(target) ?? [];
		return { kind, path: expectPath(target.slice(prefix.length)) };
	}
	const {
		kind,
		path,
		"db-path": databasePath,
	} = target as { kind: string; path?: string; "db-path"?: string };
	if (kind === "file") return { kind, path: expectPath(path) };
	if (kind === "sqlite") return { kind, path: expectPath(databasePath) };
	// Other kinds' objects hold secrets: nothing but the kind is ever shown.
	return { kind, path: "" };
}

function expectPath(path: unknown): string {
	if (typeof path === "string" && path !== "") return path;
	throw new ArchiverError(
		"INVALID_INPUT",
		'an archive target is "file:PATH", a path, "sqlite:PATH", "s3://BUCKET/PREFIX", or an object: { kind: "file", path }, { kind: "sqlite", "db-path" }, { kind: "s3", bucket, … }',
		{ field: "target" },
	);
}
