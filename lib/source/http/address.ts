import { unusableOptions } from "./options.js";

/** Where a server answers. */
export interface ServerAddress {
	/** `http://` or `https://`, with a path where the server lies behind one. */
	url: string;
	/** Sent as `Authorization: Bearer`, and told to nobody else: not to logs, not in errors. */
	token?: string;
}

/** An address that was checked. */
export interface Server {
	/** What lies before the server's own paths; ends without a slash. */
	base: URL;
	token?: string;
}

/** Printable ASCII without blanks: what a header can carry. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * @param name - The option that the address was given as, for the message.
 * @throws ArchiverError INVALID_OPTION. It shows neither the token nor what else may be secret.
 */
export function parseAddress(
	{ url, token }: ServerAddress,
	name = "url",
): Server {
	const base = URL.canParse(url) ? new URL(url) : undefined;
	if (base === undefined || !/^https?:$/.test(base.protocol))
		throw unusableOptions([`${name}: must be an http:// or https:// address`]);
	if (base.username !== "" || base.password !== "")
		throw unusableOptions([
			`${name}: must not hold credentials; there is an option for a token`,
		]);
	if (token !== undefined && !TOKEN.test(token))
		throw unusableOptions([
			`token of ${name}: must be printable ASCII without blanks`,
		]);
	base.search = "";
	base.hash = "";
	return { base, token };
}

/** An address on the server: `path`, which begins with a slash, behind its base. */
export function addressOf({ base }: Server, path: string): URL {
	return new URL(base.href.replace(/\/+$/, "") + path);
}
