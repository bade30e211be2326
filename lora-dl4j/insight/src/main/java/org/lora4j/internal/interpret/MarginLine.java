/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

/**
 * By how much one number of an output is above another one, on the line between two inputs.
 *
 * @param of the one
 * @param over the other, on the same line
 * @apiNote Status: internal
 */
public record MarginLine(Line of, Line over) implements Line {

    @Override
    public double[] difference() {
        return of.difference();
    }

    @Override
    public double[] values(double[] positions) {
        double[] values = of.values(positions).clone();
        double[] less = over.values(positions);
        for (int i = 0; i < values.length; i++) {
            values[i] -= less[i];
        }
        return values;
    }

    @Override
    public float[][] gradients(double[] positions) {
        float[][] gradients = of.gradients(positions);
        float[][] less = over.gradients(positions);
        for (int i = 0; i < gradients.length; i++) {
            for (int j = 0; j < gradients[i].length; j++) {
                gradients[i][j] -= less[i][j];
            }
        }
        return gradients;
    }
}
