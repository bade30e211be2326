/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

/** Thrown by the listener of a range test that has seen enough: the message says why. */
final class RangeEnd extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RangeEnd(String why) {
        super(why, null, false, false);
    }
}
