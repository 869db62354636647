package io.mlinfra.registry;

/**
 * A version's signature, as its record has it.
 *
 * @param key the id of the signer's key
 * @param value in Base64
 */
record VersionSignature(String key, String value) {}
