/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Golden cases as files: what a folder holds, its tensors, its tolerance. Knows neither networks nor checks.
 */
package org.lora4j.integration.peft.cases;
