/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

/** How a case ended. */
enum Status {
    PASSED,
    FAILED,
    /** The case needs a feature that is refused by name. */
    UNSUPPORTED
}
