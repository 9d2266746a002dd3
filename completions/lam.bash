# bash completion for lam; made by `python -m lambdacli.cli.completion_scripts completions`

_lam() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local verb="" words=0 index
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
            --account|--action|--alias|--architecture|--ca-bundle|--callers|--cli-binary-format|--cli-connect-timeout|--cli-error-format|--cli-read-timeout|--client-context|--code|--color|--config-env|--count|--description|--durable-execution-name|--endpoint-url|--env-file|--env-vars|--event|--event-source-token|--events|--filter|--from|--function-name|--function-url-auth-type|--idle-exit|--invocation-type|--license|--lines|--log-type|--max|--organization|--output|--output-file|--parallel|--parameter-overrides|--payload|--percent|--port|--principal|--principal-org-id|--profile|--project|--qualifier|--query|--region|--replay|--revision-id|--runtime|--seed|--send|--set|--since|--source-account|--source-arn|--stack|--stage|--statement-id|--template|--template-file|--tenant-id|--time|--time-scale|--to|--unsent|--version|--via|--weight|--zips|-c|-e|-n|-o|-t) ((index++)) ;;
            -?*) ;;
            *) if [[ -z $verb ]]; then verb=${COMP_WORDS[index]}; else ((words++)); fi ;;
        esac
    done
    case "$verb:$previous" in
        init:-t) _lam_offer -W "python nodejs ruby custom"; return ;;
        validate:-t|build:-t|start:-t|stop:-t|status:-t|invoke:-t|logs:-t|list:-t|show:-t|queue:-t|events:-t|schedules:-t|dlq:-t|event:-t|chaos:-t|envs:-t|sources:-t|bench:-t|doctor:-t|delete:-t|pull:-t|publish:-t|versions:-t|deploy:-t|drift:-t|rollback:-t|alias:-t|layer:-t|permission:-t|metrics:-t|clock:-t) _lam_offer -f; return ;;
        deploy:--to|drift:--to|rollback:--to) _lam_offer -W "local aws"; return ;;
    esac
    case $previous in
        --account|--action|--alias|--architecture|--callers|--cli-connect-timeout|--cli-error-format|--cli-read-timeout|--client-context|--config-env|--count|--description|--durable-execution-name|--endpoint-url|--env-vars|--event-source-token|--filter|--idle-exit|--license|--lines|--max|--organization|--parallel|--parameter-overrides|--payload|--percent|--port|--principal|--principal-org-id|--profile|--qualifier|--query|--region|--replay|--revision-id|--runtime|--seed|--set|--since|--source-account|--source-arn|--stack|--stage|--statement-id|--tenant-id|--time|--time-scale|--to|--version|--via|--weight|-c|-n) _lam_offer -W ""; return ;;
        --ca-bundle|--code|--env-file|--events|--output-file|--project|--template-file|--unsent|--zips|-o) _lam_offer -f; return ;;
        --cli-binary-format) _lam_offer -W "base64 raw-in-base64-out"; return ;;
        --color) _lam_offer -W "on off auto"; return ;;
        --event|-e) _lam_offer -f -W "$(lam __complete events 2>/dev/null)"; return ;;
        --from) _lam_offer -W "dlq destination"; return ;;
        --function-name|--send) _lam_offer -W "$(lam __complete functions 2>/dev/null)"; return ;;
        --function-url-auth-type) _lam_offer -W "NONE AWS_IAM"; return ;;
        --invocation-type) _lam_offer -W "RequestResponse Event DryRun"; return ;;
        --log-type) _lam_offer -W "None Tail"; return ;;
        --output) _lam_offer -W "json text table yaml"; return ;;
        --template) _lam_offer -W "python nodejs ruby custom"; return ;;
        -t) _lam_offer -f -W "python nodejs ruby custom"; return ;;
    esac
    case "$verb:$current" in
        :*) _lam_offer -W "init validate build start stop status invoke logs list show queue events schedules dlq event chaos envs sources bench doctor delete pull publish versions deploy drift rollback alias layer permission metrics clock completions --version --help" ;;
        init:-*) _lam_offer -W "--template --runtime --vscode --help" ;;
        validate:-*) _lam_offer -W "--schema --parameter-overrides --env-vars --config-env --stage --project --template-file --help" ;;
        build:-*) _lam_offer -W "--zips --verbose --parameter-overrides --config-env --stage --prune --json --project --template-file --help" ;;
        start:-*) _lam_offer -W "--port --detach --anonymous --allow-other-users --auth --idle-exit --strict --time-scale --parameter-overrides --env-vars --config-env --stage --project --template-file --help" ;;
        stop:-*) _lam_offer -W "--now --project --template-file --help" ;;
        status:-*) _lam_offer -W "--json --project --template-file --help" ;;
        invoke:-*) _lam_offer -W "--function-name --payload --event --invocation-type --log-type --qualifier --client-context --durable-execution-name --tenant-id --from-last --failed --replay --wait --stream --events --parallel --unsent --json --cold --debug --debug-wait --exit-zero --parameter-overrides --env-vars --config-env --stage --remote --project --template-file --query --output --endpoint-url --region --color --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        logs:-*) _lam_offer -W "--follow --since --filter --lines --json --remote --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        list:-*) _lam_offer -W "--json --remote --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        show:-*) _lam_offer -W "--json --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        queue:-*) _lam_offer -W "--json --project --template-file --yes --help" ;;
        events:-*) _lam_offer -W "--failed --json --project --template-file --force --to --help" ;;
        schedules:-*) _lam_offer -W "--json --project --template-file --help" ;;
        dlq:-*) _lam_offer -W "--qualifier --from --max --json --project --template-file --dry-run --shared --help" ;;
        event:-*) _lam_offer -W "--json --via --raw --count --set --seed --time --account --region --output-file --send --invocation-type --qualifier --project --template-file --help $(lam __complete event-options "${COMP_WORDS[@]:2:COMP_CWORD-2}" 2>/dev/null)" ;;
        chaos:-*) _lam_offer -W "--project --template-file --help" ;;
        envs:-*) _lam_offer -W "--json --project --template-file --help" ;;
        sources:-*) _lam_offer -W "--json --project --template-file --help" ;;
        bench:-*) _lam_offer -W "--count --callers --cold --payload --event --json --project --template-file --help" ;;
        doctor:-*) _lam_offer -W "--json --project --template-file --help" ;;
        delete:-*) _lam_offer -W "--function-name --qualifier --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        pull:-*) _lam_offer -W "--code --no-code --env-file --force --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        publish:-*) _lam_offer -W "--description --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        versions:-*) _lam_offer -W "--project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        deploy:-*) _lam_offer -W "--plan --to --alias --code-only --stack --parameter-overrides --config-env --stage --yes --json --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        drift:-*) _lam_offer -W "--to --alias --json --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        rollback:-*) _lam_offer -W "--to --alias --yes --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --help" ;;
        alias:-*) _lam_offer -W "--weight --description --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --version --percent --help" ;;
        layer:-*) _lam_offer -W "--runtime --architecture --description --license --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --principal --organization --statement-id --help" ;;
        permission:-*) _lam_offer -W "--principal --statement-id --action --source-arn --source-account --event-source-token --principal-org-id --function-url-auth-type --invoked-via-function-url --qualifier --revision-id --project --template-file --query --output --endpoint-url --region --color --debug --cli-binary-format --cli-read-timeout --cli-connect-timeout --no-verify-ssl --ca-bundle --profile --no-sign-request --no-paginate --no-cli-pager --cli-auto-prompt --no-cli-auto-prompt --cli-error-format --json --help" ;;
        metrics:-*) _lam_offer -W "--since --qualifier --json --project --template-file --help" ;;
        clock:-*) _lam_offer -W "--json --project --template-file --help" ;;
        completions:-*) _lam_offer -W "--install --help" ;;
        validate:*) ((words == 0)) && _lam_offer -f ;;
        build:*) if ((words == 0)); then _lam_offer -W "$(lam __complete functions 2>/dev/null)"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        invoke:*) if ((words == 0)); then _lam_offer -W "$(lam __complete functions 2>/dev/null)"; else _lam_offer -f; fi ;;
        logs:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        show:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        queue:*) ((words == 0)) && _lam_offer -W "list show retry drop purge" ;;
        events:*) if ((words == 0)); then _lam_offer -W "list show save send"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        schedules:*) ((words == 0)) && _lam_offer -W "list fire" ;;
        dlq:*) if ((words == 0)); then _lam_offer -W "show redrive"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        event:*) if ((words == 0)); then _lam_offer -W "list generate"; else _lam_offer -W "$(lam __complete event "${COMP_WORDS[@]:2:COMP_CWORD-2}" 2>/dev/null)"; fi ;;
        chaos:*) ((words == 0)) && _lam_offer -W "duplicates" ;;
        envs:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        bench:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        delete:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        pull:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        publish:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        versions:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        deploy:*) if ((words == 0)); then _lam_offer -W "$(lam __complete functions 2>/dev/null)"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        drift:*) if ((words == 0)); then _lam_offer -W "$(lam __complete functions 2>/dev/null)"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        rollback:*) if ((words == 0)); then _lam_offer -W "$(lam __complete functions 2>/dev/null)"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        alias:*) if ((words == 0)); then _lam_offer -W "create update shift list delete"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        layer:*) if ((words == 0)); then _lam_offer -W "publish list show delete permit forbid"; else _lam_offer -f; fi ;;
        permission:*) if ((words == 0)); then _lam_offer -W "add remove list explain"; else _lam_offer -W "$(lam __complete functions 2>/dev/null)"; fi ;;
        metrics:*) ((words == 0)) && _lam_offer -W "$(lam __complete functions 2>/dev/null)" ;;
        clock:*) ((words == 0)) && _lam_offer -W "show advance reset" ;;
        completions:*) ((words == 0)) && _lam_offer -W "bash zsh fish" ;;
    esac
}

_lam_offer() {
    local IFS=$' \t\n' word
    COMPREPLY=()
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
}

complete -o filenames -F _lam lam
