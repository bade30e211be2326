/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.lora4j.autodiff.rules.GradientRule;
import org.lora4j.autodiff.rules.GradientRules;
import org.lora4j.exec.kernel.Kernels;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;

/** The ways to run a graph op by op: what is done to it beforehand, how its ops are differentiated, and who runs it. */
enum Engine {
    /** Native ops only. */
    PLAIN(UnaryOperator.identity(), GradientRules::of, InferenceSession::new),
    /** Native ops, and Java kernels for some. */
    KERNELS(Kernels::fuse, Kernels::rule, Kernels::session);

    private final UnaryOperator<SameDiff> prepare;
    private final Function<DifferentialFunction, GradientRule> rule;
    private final Function<SameDiff, InferenceSession> session;

    Engine(
            UnaryOperator<SameDiff> prepare,
            Function<DifferentialFunction, GradientRule> rule,
            Function<SameDiff, InferenceSession> session) {
        this.prepare = prepare;
        this.rule = rule;
        this.session = session;
    }

    SameDiff prepare(SameDiff graph) {
        return prepare.apply(graph);
    }

    GradientRule rule(DifferentialFunction op) {
        return rule.apply(op);
    }

    InferenceSession session(SameDiff graph) {
        return session.apply(graph);
    }
}
