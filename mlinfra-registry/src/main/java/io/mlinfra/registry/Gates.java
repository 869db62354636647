package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.PromotionCheck.Outcome;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Holds versions against the policies of aliases. */
final class Gates {
  private final AliasStore aliases;
  private final Evaluations evaluations;
  private final PolicyStore policies;

  Gates(AliasStore aliases, Evaluations evaluations, PolicyStore policies) {
    this.aliases = aliases;
    this.evaluations = evaluations;
    this.policies = policies;
  }

  /**
   * Refuses a version that does not meet the alias's policy. Called under the write lock, so that
   * the champion it is compared with is the one that it replaces. A policy or a report that cannot
   * be read is an error: what cannot be checked does not pass.
   */
  void require(String model, String alias, VersionId version) throws IOException {
    PromotionCheck check = check(model, alias, version);
    if (!check.passed()) {
      throw new MlInfraException(ErrorCode.PROMOTION_REFUSED, check.toString());
    }
  }

  PromotionCheck check(String model, String alias, VersionId version) throws IOException {
    PromotionPolicy policy = policies.find(model, alias);
    Optional<VersionId> champion = aliases.find(model, alias).map(Alias::version);
    List<Outcome> outcomes = policy.isNone() ? List.of() : outcomes(policy, version, champion);
    return new PromotionCheck(alias, version, champion.orElse(null), outcomes);
  }

  private List<Outcome> outcomes(
      PromotionPolicy policy, VersionId version, Optional<VersionId> champion) throws IOException {
    Optional<EvaluationReport> report = evaluations.newest(version);
    List<Outcome> outcomes = new ArrayList<>();
    if (report.isEmpty()) {
      for (Rule rule : policy.rules()) {
        outcomes.add(
            new Outcome(rule.toString(), false, "there is no report on " + version, Map.of()));
      }
      return outcomes;
    }
    Opponent opponent =
        policy.compares() && champion.isPresent()
            ? opponent(champion.get(), report.get())
            : new Opponent(champion, Optional.empty(), "");
    for (Rule rule : policy.rules()) {
      outcomes.add(rule.judge(report.get(), opponent, policy.confidence()));
    }
    return outcomes;
  }

  private record Opponent(
      Optional<VersionId> version, Optional<EvaluationReport> report, String whyNoReport)
      implements Rule.Champion {}

  private Opponent opponent(VersionId champion, EvaluationReport challenger) throws IOException {
    List<Stored> reports = evaluations.of(champion);
    String why =
        reports.isEmpty()
            ? "there is no report on " + champion
            : "no report on " + champion + " is over the same rows: evaluate it on them";
    return new Opponent(
        Optional.of(champion), evaluations.newestOverRowsOf(challenger, reports), why);
  }
}
