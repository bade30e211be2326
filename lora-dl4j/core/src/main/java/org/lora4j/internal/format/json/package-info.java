/* SPDX-License-Identifier: Apache-2.0 */
/**
 * JSON of our own reports and values as plain Java: maps, lists, texts, numbers. One object, strictly read. Formats of
 * others have readers of their own beside this package; {@link org.lora4j.internal.format.json.NamedClasses} judges
 * those of ND4J and Deeplearning4j, which name classes.
 */
package org.lora4j.internal.format.json;
