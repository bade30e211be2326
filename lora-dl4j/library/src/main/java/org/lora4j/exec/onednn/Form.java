/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

/** How the elements of a factor are stored. */
enum Form {
    /** As the layout says. */
    F32,
    /** As the layout says, rounded. */
    BF16,
    /** In blocks, as oneDNN multiplies them fastest: a copy of a frozen weight. */
    PACKED
}
