/**
 * What the fit of a {@code TextClassifier} without any setting is worth: its accuracy and cost beside what a user may write by hand
 * ({@code mvn -Pbenchmark verify -Dbenchmark=fit}, see docs/text.md). A {@code Cell} is one candidate on one draw of one set; each is
 * written down as soon as it is measured, and none is measured twice.
 *
 * <p>For another set, add a constant to {@code PublishedTexts}; for something else to compare with, one to {@code Candidate}.
 */
package org.lora4j.integration.benchmark.fit;
