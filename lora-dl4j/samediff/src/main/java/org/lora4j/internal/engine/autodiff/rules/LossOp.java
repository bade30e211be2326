/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

import java.util.List;
import java.util.Optional;

/**
 * The table of SameDiff's loss ops. Not among them is {@code ctc_loss}, which SameDiff M2.1 cannot put into a graph.
 *
 * @param labels what it compares predictions with
 * @param rows what becomes of the rows of a batch
 * @apiNote Status: internal
 */
public record LossOp(String name, Labels labels, Rows rows) {

    /** What predictions are compared with. */
    public enum Labels {
        /** Something else. */
        OTHER,
        /** Predictions come first, labels last, and have one shape. */
        VALUES,
        /** As {@link #VALUES}, with the class of a row as a 1 in its column. */
        CLASSES,
        /** Labels come first, predictions last: the number of a class for each row. */
        CLASS_NUMBERS
    }

    /** What becomes of the rows of a batch. */
    public enum Rows {
        /** They may be mixed. */
        MIXED,
        /** Predictions, weights and labels come in, and the first attribute says how they are reduced. */
        REDUCED,
        /** There is a value for each. */
        KEPT
    }

    /** All of them. */
    public static final List<LossOp> ALL = List.of(
            new LossOp("absolute_difference_loss", Labels.VALUES, Rows.REDUCED),
            new LossOp("cosine_distance_loss", Labels.OTHER, Rows.MIXED),
            new LossOp("hinge_loss", Labels.VALUES, Rows.REDUCED),
            new LossOp("huber_loss", Labels.VALUES, Rows.REDUCED),
            new LossOp("log_loss", Labels.VALUES, Rows.REDUCED),
            new LossOp("log_poisson_loss", Labels.VALUES, Rows.MIXED),
            new LossOp("mean_pairwssqerr_loss", Labels.VALUES, Rows.MIXED),
            new LossOp("mean_sqerr_loss", Labels.VALUES, Rows.REDUCED),
            new LossOp("sigm_cross_entropy_loss", Labels.VALUES, Rows.REDUCED),
            new LossOp("softmax_cross_entropy_loss", Labels.CLASSES, Rows.REDUCED),
            new LossOp("softmax_cross_entropy_loss_with_logits", Labels.CLASSES, Rows.KEPT),
            new LossOp("sparse_softmax_cross_entropy_loss_with_logits", Labels.CLASS_NUMBERS, Rows.KEPT));

    /**
     * Finds a loss.
     *
     * @return its line; empty if it is no loss
     */
    public static Optional<LossOp> of(String name) {
        return ALL.stream().filter(loss -> loss.name.equals(name)).findFirst();
    }

    /**
     * Whether an op is a loss that treats rows so.
     *
     * @return true if so
     */
    public static boolean is(String name, Rows rows) {
        return of(name).filter(loss -> loss.rows == rows).isPresent();
    }
}
