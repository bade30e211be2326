/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

/** How exactly to integrate, and for how long. */
record IntegrationSettings(double tolerance, int most) {

    static final IntegrationSettings DEFAULT = new IntegrationSettings(1e-3, 4096);

    private static final int LEAST = 20;

    IntegrationSettings withTolerance(double other) {
        if (!(Double.isFinite(other) && other > 0)) {
            throw new IllegalArgumentException(
                    "IntegratedGradients: tolerance = " + other + "; expected a finite number above 0.");
        }
        return new IntegrationSettings(other, most);
    }

    IntegrationSettings withMost(int count) {
        if (count < LEAST) {
            throw new IllegalArgumentException("IntegratedGradients: mostGradients = " + count + "; expected " + LEAST
                    + " or more, which is what a smooth network takes.");
        }
        return new IntegrationSettings(tolerance, count);
    }
}
