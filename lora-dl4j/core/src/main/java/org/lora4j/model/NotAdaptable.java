/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

/**
 * Something that looks like a module and cannot be adapted.
 *
 * @param subject name of the weight, or of the op where there is no single weight
 * @param op own name of the op that reads it
 * @param reason why not, and where possible what to do
 * @apiNote Status: stable
 */
public record NotAdaptable(String subject, String op, String reason) {}
