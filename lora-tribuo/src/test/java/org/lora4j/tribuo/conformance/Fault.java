/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.Set;

/**
 * What may be wrong with a {@link FaultyTrainer} and its models, each with the tests that must notice it. Constants have
 * no bodies, as OLCUT cannot read those back.
 */
enum Fault {
    /** All is well. */
    NONE,

    /** The trainer starts every run from the same numbers, whatever its seed. */
    IGNORES_SEED("train_withAnotherSeed_givesAnotherModel"),

    /** The trainer draws from numbers that all trainers share. */
    DRAWS_FROM_GLOBAL_STATE(
            "train_withEqualSeedAndEqualExamples_givesTheSameBits",
            "setInvocationCount_thenTrain_repeatsTheTrainingOfThatCount",
            "train_withInvocationCount_repeatsTheTrainingOfThatCountAndGoesOnFromIt",
            "train_afterOtherExamples_equalsTheSameTrainingAfterThese",
            "train_fromEightThreads_equalsTheTrainingsInTurn",
            "trainer_fromItsXml_trainsTheSameBits",
            "reproduce_fromTheProvenanceOfALaterTraining_givesTheSameBits",
            "reproduce_fromAModelReadBack_givesTheSameBits",
            "crossValidation_again_givesTheSameBits",
            "bagging_again_givesTheSameBits"),

    /** The trainer does the same in every training. */
    REPEATS_ITSELF("train_again_givesAnotherModelAndLeavesTheFirst"),

    /** The provenance is taken after the count has moved. */
    RECORDS_THE_NEXT_COUNT(
            "provenance_recordsTheCountBeforeTheTraining",
            "modelProvenance_namesModelTrainerAndDataset",
            "train_fromEightThreads_equalsTheTrainingsInTurn",
            "reproduce_fromTheProvenanceOfALaterTraining_givesTheSameBits",
            "reproduce_fromAModelReadBack_givesTheSameBits"),

    /** Trainings that name their count are not counted. */
    SKIPS_NAMED_COUNTS(
            "train_withInvocationCount_repeatsTheTrainingOfThatCountAndGoesOnFromIt",
            "bagging_countsItsMembersAsTrainings"),

    /** Trainings that are refused are counted. */
    COUNTS_REFUSALS("invocationCount_whenATrainingIsRejected_staysAsItWas"),

    /** A count below zero is taken for zero. */
    ACCEPTS_NEGATIVE_COUNT("setInvocationCount_whenNegative_isRejectedAndChangesNothing"),

    /** Nothing keeps two threads from training under the same count. */
    RACES("train_fromEightThreads_equalsTheTrainingsInTurn"),

    /** Unknown outputs are left out in silence. */
    SKIPS_UNKNOWN_OUTPUTS("train_onUnknownOutputs_isRejected", "invocationCount_whenATrainingIsRejected_staysAsItWas"),

    /** An empty data set gives a model. */
    LEARNS_NOTHING("train_onNoExamples_isRejected"),

    /** Infinite features are learned. */
    LEARNS_INFINITY("train_onInfinity_isRejected", "train_onNegativeInfinityInSparseExamples_isRejected"),

    /** Weights are ignored. */
    IGNORES_WEIGHTS("train_onWeightedExamples_followsTheHeavierOnes"),

    /** The trainer leaves a mark in the examples. */
    MARKS_TRAINING_EXAMPLES("train_leavesTheDatasetAsItWas"),

    /** What the caller says of the run is lost. */
    DROPS_RUN_PROVENANCE("modelProvenance_keepsWhatTheCallerSaysOfTheRun"),

    /** The model still looks at the examples that it was trained with. */
    WATCHES_TRAINING_SET("model_whenItsTrainingSetChanges_staysAsItIs"),

    /** The model hands out what it remembers, not copies. */
    REMEMBERS_ANSWERS("scores_whenTheCallerClearsThem_areAsBeforeInTheNextPrediction"),

    /** The model leaves a mark in the examples. */
    MARKS_PREDICTED_EXAMPLES("predict_leavesTheExamplesAsTheyWere"),

    /** In large batches scores are off by a thousandth. */
    DEPENDS_ON_BATCH("predict_inBatches_equalsOneByOne"),

    /** Invalid examples are left out of the answer. */
    SKIPS_INVALID_EXAMPLES(
            "predict_withoutFeatures_isRejected",
            "predict_withUnknownFeaturesOnly_isRejected",
            "predict_ofNaN_isRejected",
            "predict_ofInfinity_isRejected",
            "predict_ofManyWithOneInvalid_isRejected"),

    /** Infinite features are predicted. */
    PREDICTS_INFINITY("predict_ofInfinity_isRejected"),

    /** A copy keeps the name of the original as its own, and renames it. */
    SHARES_NAME_WITH_COPIES("model_copied_predictsTheSameUnderItsOwnName"),

    /** A model that was read is a billionth off. */
    ROUNDS_WHEN_READ(
            "proto_passesTribuosOwnAssertions",
            "proto_readBack_predictsTheSameBits",
            "proto_readAndWrittenThrice_predictsTheSameBits",
            "file_readBack_predictsTheSameBits",
            "bagging_readBack_predictsTheSameBits",
            "hashing_readBackWithItsSalt_predictsTheSameBits",
            "transformation_learnsAndReadsBackTheSameBits"),

    /** A model that was read has lost its name. */
    FORGETS_NAME_WHEN_READ("proto_readBack_predictsTheSameBits"),

    /** Every version is read as the current one. */
    READS_ANY_VERSION("proto_ofALaterVersion_isRejected");

    /** The names of the tests that must fail, and no others. */
    final Set<String> noticedBy;

    Fault(String... noticedBy) {
        this.noticedBy = Set.of(noticedBy);
    }
}
