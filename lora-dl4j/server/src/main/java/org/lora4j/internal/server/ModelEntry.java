/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.util.Optional;

/**
 * A name that clients may ask, as {@code /v1/models} lists it.
 *
 * @param id the name
 * @param root where it is from; the name itself where that is nowhere
 * @param parent the base of an adapter, what an alias points to; empty for a base
 * @param created when the server began, in seconds since 1970
 * @param kind what it is, in words
 * @apiNote Status: internal
 */
public record ModelEntry(String id, String root, Optional<String> parent, long created, String kind) {}
