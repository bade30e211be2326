/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Images: encoders from files, and tasks over them in a few lines, as {@code org.lora4j.text} has them for texts.
 */
package org.lora4j.image;
