import { ArchiverError } from "../../errors.js";

/** ClusterCockpit's configuration of an archive in an S3 store, with a folder within the bucket where it is not all ours. */
export interface S3Configuration {
	kind: "s3";
	endpoint?: string;
	bucket: string;
	region?: string;
	"access-key"?: string;
	"secret-key"?: string;
	"use-path-style"?: boolean;
	prefix?: string;
}

/** Where an archive lies, and how its store is spoken to. */
export interface S3Place {
	bucket: string;
	/** What the keys of all objects begin with: empty, or ending with a slash. */
	prefix: string;
	/** Absent: AWS. */
	endpoint?: string;
	/** Absent: what the SDK finds. */
	region?: string;
	/** Whether the bucket is part of the path, not of the host's name. */
	pathStyle: boolean;
	/** `supported`: requests and answers carry the SDK's checksums too, which many other stores do not take. */
	checksums: "required" | "supported";
	/** Absent: what the SDK finds. */
	credentials?: { accessKeyId: string; secretAccessKey: string };
}

/** Many stores take any region, and the SDK none at all. */
const REGION_OF_OTHER_STORES = "us-east-1";

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[\w!'()*.\-/]*$/;
const PARAMETERS = ["endpoint", "region", "pathStyle", "checksums"];
const USAGE =
	'an S3 archive is "s3://BUCKET/PREFIX?endpoint=URL&region=REGION&pathStyle=true&checksums=supported", or { kind: "s3", endpoint, bucket, region, "access-key", "secret-key", "use-path-style", prefix }';

/**
 * Reads `s3://bucket/prefix?…` or ClusterCockpit's configuration.
 *
 * @throws ArchiverError INVALID_INPUT, which shows nothing that may be secret.
 */
export function parsePlace(target: string | S3Configuration): S3Place {
	return typeof target === "string"
		? parseAddress(target)
		: parseConfiguration(target);
}

/** A place as a target names it, without secrets. */
export function targetOf(place: S3Place): string {
	const { bucket, prefix, endpoint, region, pathStyle, checksums } = place;
	const parameters = new URLSearchParams();
	if (endpoint !== undefined) parameters.set("endpoint", endpoint);
	if (region !== undefined) parameters.set("region", region);
	if (pathStyle) parameters.set("pathStyle", "true");
	if (checksums !== "required") parameters.set("checksums", checksums);
	const query = parameters.toString();
	return `s3://${bucket}/${prefix.replace(/\/$/, "")}${query && `?${query}`}`;
}

function parseAddress(address: string): S3Place {
	const url = URL.canParse(address) ? new URL(address) : undefined;
	if (url === undefined || url.protocol !== "s3:") throw unusable("address");
	if (url.username !== "" || url.password !== "" || url.hash !== "")
		throw unusable("address: credentials come from the environment");
	for (const name of url.searchParams.keys())
		if (!PARAMETERS.includes(name)) throw unusable("parameters");
	const parameter = (name: string) => url.searchParams.get(name) || undefined;
	return checked({
		bucket: url.hostname,
		prefix: url.pathname,
		endpoint: parameter("endpoint"),
		region: parameter("region"),
		pathStyle: flagOf(parameter("pathStyle")),
		checksums: parameter("checksums") ?? "required",
	});
}

function parseConfiguration(configuration: S3Configuration): S3Place {
	const {
		bucket,
		prefix = "",
		endpoint,
		region,
		"access-key": accessKeyId,
		"secret-key": secretAccessKey,
		"use-path-style": pathStyle = false,
	} = configuration;
	if (typeof pathStyle !== "boolean") throw unusable("use-path-style");
	const place = checked({
		bucket,
		prefix,
		endpoint: endpoint || undefined,
		region: region || undefined,
		pathStyle,
		checksums: "required",
	});
	if (!accessKeyId && !secretAccessKey) return place;
	if (!isText(accessKeyId) || !isText(secretAccessKey))
		throw unusable("access-key and secret-key: both or none");
	return { ...place, credentials: { accessKeyId, secretAccessKey } };
}

function checked(given: {
	bucket: unknown;
	prefix: unknown;
	endpoint: unknown;
	region: unknown;
	pathStyle: boolean;
	checksums: string;
}): S3Place {
	const { bucket, prefix, endpoint, region, pathStyle, checksums } = given;
	if (!isText(bucket) || !BUCKET.test(bucket)) throw unusable("bucket");
	if (typeof prefix !== "string") throw unusable("prefix");
	const folders = prefix.split("/").filter((name) => name !== "");
	const isPlain = folders.every((name) => !/^\.\.?$/.test(name));
	if (!PREFIX.test(prefix) || !isPlain) throw unusable("prefix");
	if (endpoint !== undefined && !isEndpoint(endpoint))
		throw unusable("endpoint: an http:// or https:// URL without credentials");
	if (region !== undefined && !isText(region)) throw unusable("region");
	if (checksums !== "required" && checksums !== "supported")
		throw unusable("checksums");
	return {
		bucket,
		prefix: folders.map((name) => `${name}/`).join(""),
		endpoint,
		region: region ?? (endpoint && REGION_OF_OTHER_STORES),
		pathStyle,
		checksums,
	};
}

function isText(value: unknown): value is string {
	return typeof value === "string" && value !== "";
}

function isEndpoint(value: unknown): value is string {
	if (!isText(value) || !URL.canParse(value)) return false;
	const { protocol, username, password } = new URL(value);
	return /^https?:$/.test(protocol) && username === "" && password === "";
}

function flagOf(value: string | undefined): boolean {
	if (value === undefined || value === "false") return false;
	if (value === "true") return true;
	throw unusable("pathStyle");
}

function unusable(what: string): ArchiverError {
	return new ArchiverError("INVALID_INPUT", `unusable ${what}: ${USAGE}`, {
		field: "target",
	});
}
