/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/**
 * What fills up shorter texts of a batch.
 *
 * @param id its id
 * @param text how it is spelled
 * @param typeId its type
 * @apiNote Status: internal
 */
public record PadToken(int id, String text, int typeId) {}
