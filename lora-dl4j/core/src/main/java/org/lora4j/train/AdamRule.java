/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;

/**
 * Adam's arithmetic with both kinds of weight decay, in the order and with the place of epsilon of {@code torch.optim}:
 *
 * <pre>
 * before: p = p (1 - rate decay)      in the gradient: g = g + decay p
 * m = m + (1 - beta1) (g - m)
 * v = beta2 v + (1 - beta2) g^2
 * p = p - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 * </pre>
 *
 * Decay after the step is that of the AdamW of early Transformers, which PEFT's LoRA-FA follows: it multiplies what the step
 * gave, and epsilon is added to the root before its correction.
 */
final class AdamRule implements BlockRule {

    /** Where weight decay comes in. */
    enum Decay {
        IN_GRADIENT,
        BEFORE,
        AFTER
    }

    private final double beta1;
    private final double beta2;
    private final double epsilon;
    private final Decay decay;
    private final StateArray m;
    private final StateArray v;

    private double keep;
    private double coupledDecay;
    private double stepSize;
    private double inverseRootCorrection;
    private double small;

    AdamRule(TrainableParameter parameter, double beta1, double beta2, double epsilon, Decay decay) {
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.decay = decay;
        this.m = new StateArray("m", parameter.value());
        this.v = new StateArray("v", parameter.value());
    }

    @Override
    public List<StateArray> state() {
        return List.of(m, v);
    }

    @Override
    public void begin(UpdateStep step, long update) {
        keep = decay == Decay.IN_GRADIENT ? 1 : 1 - step.learningRate() * step.weightDecay();
        coupledDecay = decay == Decay.IN_GRADIENT ? step.weightDecay() : 0;
        stepSize = step.learningRate() / (1 - Math.pow(beta1, update)) * (decay == Decay.AFTER ? keep : 1);
        inverseRootCorrection = 1 / Math.sqrt(1 - Math.pow(beta2, update));
        small = decay == Decay.AFTER ? epsilon * inverseRootCorrection : epsilon;
    }

    @Override
    public void apply(int block, float[] p, float[] g, int n) {
        float[] first = m.floats(block);
        float[] second = v.floats(block);
        if (coupledDecay != 0) {
            Loops.addScaled(g, p, (float) coupledDecay, n);
        }
        average(first, g, (float) (1 - beta1), n);
        averageSquare(second, g, (float) beta2, (float) (1 - beta2), n);
        move(p, first, second, n);
    }

    @Override
    public void apply(int block, double[] p, double[] g, int n) {
        double[] first = m.doubles(block);
        double[] second = v.doubles(block);
        if (coupledDecay != 0) {
            Loops.addScaled(g, p, coupledDecay, n);
        }
        average(first, g, 1 - beta1, n);
        averageSquare(second, g, beta2, 1 - beta2, n);
        move(p, first, second, n);
    }

    private static void average(float[] m, float[] g, float part, int n) {
        for (int i = 0; i < n; i++) {
            m[i] += part * (g[i] - m[i]);
        }
    }

    private static void average(double[] m, double[] g, double part, int n) {
        for (int i = 0; i < n; i++) {
            m[i] += part * (g[i] - m[i]);
        }
    }

    private static void averageSquare(float[] v, float[] g, float old, float part, int n) {
        for (int i = 0; i < n; i++) {
            v[i] = old * v[i] + part * g[i] * g[i];
        }
    }

    private static void averageSquare(double[] v, double[] g, double old, double part, int n) {
        for (int i = 0; i < n; i++) {
            v[i] = old * v[i] + part * g[i] * g[i];
        }
    }

    private void move(float[] p, float[] m, float[] v, int n) {
        float kept = (float) keep;
        float size = (float) stepSize;
        float correction = (float) inverseRootCorrection;
        float added = (float) small;
        for (int i = 0; i < n; i++) {
            p[i] = kept * p[i] - size * m[i] / ((float) Math.sqrt(v[i]) * correction + added);
        }
    }

    private void move(double[] p, double[] m, double[] v, int n) {
        double kept = keep;
        double size = stepSize;
        double correction = inverseRootCorrection;
        double added = small;
        for (int i = 0; i < n; i++) {
            p[i] = kept * p[i] - size * m[i] / (Math.sqrt(v[i]) * correction + added);
        }
    }
}
