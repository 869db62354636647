package io.mlinfra.registry;

/**
 * The signature that a record carries.
 *
 * @param key the id of the signer's key
 * @param value in Base64
 */
record RecordSignature(String key, String value) {}
