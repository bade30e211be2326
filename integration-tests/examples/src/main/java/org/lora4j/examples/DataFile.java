/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

/**
 * A published file that a program learns from.
 *
 * @param set name of the data set: of the folder below {@code data} of {@code lora4j.shared}, and of the one below
 *     {@code org/lora4j/examples} of the resources
 * @param name name of the file
 * @param sha256 what its bytes have to add up to, hexadecimal
 * @param origin where it comes from, for whoever has to fetch it
 */
public record DataFile(String set, String name, String sha256, String origin) {}
