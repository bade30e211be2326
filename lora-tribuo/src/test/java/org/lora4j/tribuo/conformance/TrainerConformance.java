/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.tribuo.Output;

/**
 * All rules for a Tribuo trainer. To attach one, extend this class, or {@link LabelTrainerConformance} for labels, by a
 * test class that says how to make the trainer and what it learns:
 *
 * <pre>{@code
 * class MyTrainerConformanceTest extends TrainerConformance<Regressor> {
 *     public Trainer<Regressor> trainer(long seed) {
 *         return new MyTrainer(..., seed);
 *     }
 *
 *     public Task<Regressor> task() {
 *         return new RegressionTask();
 *     }
 * }
 * }</pre>
 *
 * <p>What the trainer must be able to do:
 *
 * <ul>
 *   <li>reach {@link Task#floor()} on its training sets, of which the smallest has 7 examples: choose epochs and rate for
 *       that, and keep a training below some 20 ms, as the suite trains about 140 times;
 *   <li>take examples of any of {@link Task#FEATURE_NAMES}; a trainer that maps features by name lists these, and if it
 *       cannot ask a hashed feature map for a name it gives another trainer by {@link #trainerOfHashedFeatures()};
 *   <li>draw from its own generator only; if its library has one that the whole process shares, name it by
 *       {@link #sharedRandomNumbers};
 *   <li>be described by OLCUT in full, without a negative property; whatever it reads from files must be there until the
 *       test ends.
 * </ul>
 *
 * <p>What it cannot do goes into {@link #limits()}, under the name of the test and with the reason. Such a test must fail
 * and is reported as skipped, with the reason; once it passes, the entry is an error. Nothing else is skipped.
 * {@link SuiteSensitivityTest} shows that each rule is broken by a fault of its kind.
 *
 * @param <T> the type of output
 */
@ExtendWith(KnownLimits.class)
public abstract class TrainerConformance<T extends Output<T>>
        implements LearningRules<T>,
                RejectionRules<T>,
                PredictionRules<T>,
                InvocationRules<T>,
                ProvenanceRules<T>,
                SerializationRules<T>,
                CompositionRules<T> {

    /** Kept, as the log manager holds loggers weakly; trainers tell of every training. */
    private static final Logger TRIBUO = Logger.getLogger("org.tribuo");

    static {
        TRIBUO.setLevel(Level.WARNING);
    }

    @Test
    void limits_nameTestsOfTheSuite() {
        assertThat(Arrays.stream(getClass().getMethods())
                        .filter(method -> method.isAnnotationPresent(Test.class))
                        .map(Method::getName)
                        .collect(Collectors.toSet()))
                .containsAll(limits().keySet());
        assertThat(limits().values()).allSatisfy(reason -> assertThat(reason).isNotBlank());
    }
}
