/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

/**
 * How the algorithms of the TIES family decide which sign an element of the result has.
 *
 * <p>Both count the adapters' own values, before weights. Where nothing prevails the sign is positive, as in PEFT.
 *
 * <p><i>Source:</i> Yadav et al., "TIES-Merging: Resolving Interference When Merging Models", 2023, arXiv 2306.01708,
 * section 4.
 *
 * @apiNote Status: stable
 */
public enum MajoritySign {
    /** The sign of the sum of the values. */
    TOTAL {
        @Override
        double vote(double value) {
            return value;
        }
    },
    /** The sign that more of the values have. */
    FREQUENCY {
        @Override
        double vote(double value) {
            return Math.signum(value);
        }
    };

    abstract double vote(double value);
}
